"""The auditor: judges a day by what the systems themselves say, per order and to the cent.

    python -m tillbridge_simulators.auditor '{"cybersource": URL, "shop": URL, "sagepro": URL}'

asks each system's control routes and writes verdict and summary as one line of JSON. In Python:

    evidence = await read_evidence(urls, session)      # or evidence_of(world)
    verdict = judge(evidence, unknown_without_owner=0)
    assert verdict.ok, verdict.findings

It knows nothing of the program it judges; what only that program can know (effects that are
unknown and on nobody's desk) is counted by the caller.
"""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import aiohttp

from tillbridge_simulators.auditor_dossier import open_dossiers
from tillbridge_simulators.auditor_evidence import Evidence, read_evidence
from tillbridge_simulators.auditor_promises import PROMISES
from tillbridge_simulators.auditor_summary import summarize

UNKNOWN_WITHOUT_OWNER = "unknown_without_owner"
KEYS = (*PROMISES, UNKNOWN_WITHOUT_OWNER)
"""Every key of a verdict, as docs and measures name them."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One promise broken for one order; `sentence` goes on where the order number ends."""

    order: str
    key: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.order} {self.sentence} ({self.key})"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a day is judged.

    Attributes:
        orders: how many order numbers any system knows.
        counts: by key, how many findings; every key is there.
    """

    orders: int
    counts: Mapping[str, int]
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        return not any(self.counts.values())


def judge(evidence: Evidence, *, unknown_without_owner: int = 0) -> Verdict:
    """Judges every order by every promise."""
    dossiers = open_dossiers(evidence)
    findings = tuple(
        Finding(dossier.number, key, sentence)
        for dossier in dossiers.values()
        for key, promise in PROMISES.items()
        for sentence in promise(dossier)
    )
    counts = dict.fromkeys(KEYS, 0) | Counter(finding.key for finding in findings)
    counts[UNKNOWN_WITHOUT_OWNER] = unknown_without_owner
    return Verdict(len(dossiers), counts, findings)


async def audit(urls: Mapping[str, str]) -> str:
    """Verdict and summary of a world in another process, as JSON; amounts are text."""
    async with aiohttp.ClientSession() as session:
        evidence = await read_evidence(urls, session)
    found = {"verdict": asdict(judge(evidence)), "summary": asdict(summarize(evidence))}
    return json.dumps(found, default=str)


def main() -> None:
    """The command line: where the control routes are, by system, as JSON."""
    sys.stdout.write(asyncio.run(audit(json.loads(sys.argv[1]))) + "\n")


if __name__ == "__main__":
    main()
