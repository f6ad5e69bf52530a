// Times one jsonata expression: standard input {"expression", "input", "rounds"}, standard output
// {"us", "answer"}. The least of five measurements, like the others of this benchmark.
const jsonata = require("jsonata");
const { expression, input, rounds } = JSON.parse(require("fs").readFileSync(0, "utf8"));

async function main() {
  const compiled = jsonata(expression);
  const answer = await compiled.evaluate(input);
  let least = Infinity;
  for (let repeat = 0; repeat < 5; repeat++) {
    const begun = process.hrtime.bigint();
    for (let at = 0; at < rounds; at++) await compiled.evaluate(input);
    least = Math.min(least, Number(process.hrtime.bigint() - begun) / 1000 / rounds);
  }
  console.log(JSON.stringify({ us: least, answer }));
}

main();
