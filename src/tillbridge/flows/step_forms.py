"""What may stand in a step."""

from typing import Final

from tillbridge.flows.trigger import BUSINESS_KINDS
from tillbridge.mapping.form import (
    DURATION_VALUE,
    EXPRESSION_VALUE,
    NAME_VALUE,
    TEXT_VALUE,
    TRUTH_VALUE,
    VARIABLE_VALUE,
    Form,
    Key,
    either,
    family,
    group,
    list_of,
    named,
    whole,
    words,
)
from tillbridge.mapping.forms import RULES

STEPS: Final = "step"
UNDO_STEPS: Final = "undoing step"
CASES: Final = "case"
AT_ONCE_MAX: Final = 32
RETRIES_MAX: Final = 20

_STEPS = list_of(family(STEPS), told="steps")
_FIELDS = either(VARIABLE_VALUE, RULES, told="name, or rules")
_ON_ERROR = Key("on_error", group("on_error"), "what happens when it fails for certain")
_ORDINAL = Key(
    "ordinal",
    EXPRESSION_VALUE,
    "tells equal effects of one order apart, and is the same whenever the run comes back",
    default="1",
)
_ON_TIMEOUT = Key(
    "on_timeout",
    words("dead_letter", "continue"),
    "when the time is up",
    default="dead_letter",
)


def _name(kind: str) -> Key:
    return Key(kind, VARIABLE_VALUE, "its name, unique in the flow", required=True)


def _list_keys(*, where_required: bool = False) -> tuple[Key, ...]:
    return (
        Key("in", EXPRESSION_VALUE, "a list of at most 10,000 items", required=True),
        Key("as", VARIABLE_VALUE, "the name of an item", required=True),
        Key("where", EXPRESSION_VALUE, "only items for which it is true", required=where_required),
    )


MAP: Final = Form(
    "map",
    "Fills a document by a mapping.",
    (_name("map"), Key("mapping", NAME_VALUE, "the mapping's name", required=True), _ON_ERROR),
    gives="the filled fields: `NAME.FIELD`",
    example="""- map: sales_order
  mapping: dynamics-sales-order
""",
)
WRITE: Final = Form(
    "write",
    "Writes one document at a connection, once: its effect is named by connection, order, document"
    " and ordinal.",
    (
        _name("write"),
        Key("to", TEXT_VALUE, "the connection", required=True),
        Key("document", TEXT_VALUE, "what is written", required=True),
        Key("fields", _FIELDS, "a map step's name, or rules", required=True),
        _ORDINAL,
        Key(
            "announce",
            TRUTH_VALUE,
            "other flows hear of it as `document.written`",
            default="false",
        ),
        Key(
            "undo",
            list_of(family(UNDO_STEPS), told="steps"),
            "steps that undo it, taken when the run is given up after it, the last write first",
        ),
        _ON_ERROR,
    ),
    gives="`NAME.references.KIND`, `NAME.fields.FIELD`",
    example="""- write: ordered
  to: dynamics
  document: sales_order
  fields: sales_order
  ordinal: payment.attempt_key
  undo:
    - write: order_cancelled
      to: dynamics
      document: sales_order_cancellation
      ordinal: payment.attempt_key
      fields: { salesorderid: ordered.references.sales_order, subject: "'Given up'" }
""",
)
READ: Final = Form(
    "read",
    "Asks a connection for something, once: a run that comes back keeps the answer.",
    (
        _name("read"),
        Key("from", TEXT_VALUE, "the connection", required=True),
        Key("ask", TEXT_VALUE, "what is asked", required=True),
        Key("fields", _FIELDS, "a map step's name, or rules", required=True),
        _ON_ERROR,
    ),
    gives="`NAME.references.KIND`, `NAME.fields.FIELD`",
    example="""- read: in_the_books
  from: dynamics
  ask: sales_order
  fields: { ordernumber: order.number }
  on_error: { retries: 3, wait: 10s, then: continue }
""",
)
BRANCH: Final = Form(
    "branch",
    "Takes the first case that holds; none when none does.",
    (
        _name("branch"),
        Key(
            "cases",
            list_of(family(CASES), told="cases: `when` and `steps`, or `else: true` and `steps`"),
            "in this order",
            required=True,
        ),
    ),
    gives="what its steps answered",
    example="""- branch: decided
  cases:
    - when: payment.authorized.amount > 1000
      steps:
        - stop: too large for this flow
    - else: true
      steps:
        - notify: small
          title: concat('A small one, ', order.number)
""",
)
CASE: Final = Form(
    "when",
    "A case.",
    (
        Key("when", EXPRESSION_VALUE, "the condition", required=True),
        Key("steps", _STEPS, "what is done then", required=True),
    ),
)
ELSE: Final = Form(
    "else",
    "The case that holds when no other does.",
    (
        Key("else", words("true"), "always", required=True),
        Key("steps", _STEPS, "what is done then", required=True),
    ),
)
EACH: Final = Form(
    "each",
    "Takes its steps once for each item of a list. An effect inside has the item's key in its own,"
    " so that two items never share an effect, and one item never makes it twice.",
    (
        _name("each"),
        *_list_keys(),
        Key("key", EXPRESSION_VALUE, "tells the items apart, over the item", required=True),
        Key("at_once", whole(1, AT_ONCE_MAX), "how many items at a time", default="1"),
        Key(
            "on_failure",
            words("stop", "continue"),
            "when an item fails for certain: the step fails, or the others are taken",
            default="stop",
        ),
        Key("steps", _STEPS, "taken for each item", required=True),
        _ON_ERROR,
    ),
    gives="`NAME.count`, `NAME.failed`, `NAME.failures` (each with `key` and `message`)",
    example="""- each: lines_told
  in: order.lines
  as: line
  key: line.number
  at_once: 4
  steps:
    - notify: line_told
      title: concat('Sold ', line.product)
      ordinal: payment.attempt_key
""",
)
FILTER: Final = Form(
    "filter",
    "Keeps the items of a list for which a condition is true.",
    (_name("filter"), *_list_keys(where_required=True), _ON_ERROR),
    gives="the kept items, a list",
    example="""- filter: dear
  in: order.lines
  as: line
  where: line.amount.amount > 100
""",
)
TOTAL: Final = Form(
    "total",
    "One value of a group of items; items that have no such value are left out.",
    (
        Key("count", words("true"), "how many items"),
        Key("sum", EXPRESSION_VALUE, "of numbers, or of money of one currency"),
        Key("smallest", EXPRESSION_VALUE, "of numbers, money, texts, dates or instants"),
        Key("largest", EXPRESSION_VALUE, "the same"),
        Key("first", EXPRESSION_VALUE, "of the first item that has one"),
        Key("last", EXPRESSION_VALUE, "of the last item that has one"),
    ),
    one_of=(("count", "sum", "smallest", "largest", "first", "last"),),
)
AGGREGATE: Final = Form(
    "aggregate",
    "Groups the items of a list (rows of a file, events of a window) and adds them up.",
    (
        _name("aggregate"),
        *_list_keys(),
        Key("by", named(EXPRESSION_VALUE), "what makes a group; without it there is one"),
        Key("totals", named(group("total")), "what is taken of each group", required=True),
        _ON_ERROR,
    ),
    gives="a list of groups: `by` and `totals` by their names",
    example="""- aggregate: by_currency
  in: order.lines
  as: line
  by: { currency: line.amount.currency }
  totals:
    lines: { count: true }
    amount: { sum: line.amount }
""",
)
WAIT: Final = Form(
    "wait",
    "Waits for an event, for a time, or for an event until a time. The newest one counts, also of"
    " those that came before the step. It hears every event of its subject: of an order that was"
    " paid anew, those of the earlier attempt, too, unless `where` names the attempt.",
    (
        _name("wait"),
        Key(
            "for",
            list_of(words(*BUSINESS_KINDS), told="list of event kinds"),
            "without it only the time",
        ),
        Key("where", EXPRESSION_VALUE, "over the arriving event as `candidate`"),
        Key("timeout", DURATION_VALUE, "how long at most; without `for`: how long"),
        Key("until", EXPRESSION_VALUE, "the instant at which the wait ends"),
        _ON_TIMEOUT,
    ),
    one_of=(("timeout", "until"),),
    gives="the event: `NAME.kind`, `NAME.data.payment...`; null after a time-out",
    example="""- wait: decision
  for: [payment.review_accepted, payment.review_rejected]
  where: candidate.data.payment.attempt_key == payment.attempt_key
  timeout: 14d
""",
)
APPROVE: Final = Form(
    "approve",
    "Asks a person. Who answered, when and why stands in the audit.",
    (
        _name("approve"),
        Key("question", EXPRESSION_VALUE, "what is asked, a text", required=True),
        Key("shows", named(EXPRESSION_VALUE), "what the person sees beside it"),
        Key("who", list_of(TEXT_VALUE), "the operators who may answer; by default every one"),
        Key("timeout", DURATION_VALUE, "how long at most", required=True),
        Key(
            "on_timeout",
            words("dead_letter", "refused"),
            "when the time is up: a person looks after it, or no answer is a no",
            default="dead_letter",
        ),
        Key("approved", _STEPS, "what a yes leads to, before the steps that follow"),
        Key("refused", _STEPS, "what a no leads to, before the steps that follow"),
    ),
    gives="`NAME.answer` (`approved` or `refused`), `NAME.by`, `NAME.why`",
    example="""- approve: large_order
  question: concat('Release order ', order.number, '?')
  shows: { amount: order.total }
  timeout: 2d
  refused:
    - stop: refused by a person
      outcome: cancelled
""",
)
NOTIFY: Final = Form(
    "notify",
    "Tells people something: on our own desk, or through a connection that writes notifications.",
    (
        _name("notify"),
        Key("to", TEXT_VALUE, "a connection, or `desk`", default="desk"),
        Key("level", words("note", "warning", "urgent"), "how much it matters", default="note"),
        Key("title", EXPRESSION_VALUE, "one line", required=True),
        Key("text", EXPRESSION_VALUE, "more"),
        _ORDINAL,
        _ON_ERROR,
    ),
    example="""- notify: late
  level: warning
  title: concat('Order ', order.number, ' is late')
""",
)
CALL: Final = Form(
    "call",
    "Starts a run of a flow that `takes` something; with a time-out it waits for its ending.",
    (
        _name("call"),
        Key("flow", NAME_VALUE, "the called flow", required=True),
        Key("with", named(EXPRESSION_VALUE), "what it takes, by name"),
        Key("subject", EXPRESSION_VALUE, "what the called run is about; by default the same"),
        _ORDINAL,
        Key("timeout", DURATION_VALUE, "how long its ending is waited for; without it: not"),
        _ON_TIMEOUT,
        _ON_ERROR,
    ),
    gives="`NAME.outcome` (`started`, `done`, `cancelled`), `NAME.fields.FIELD`",
    example="""- call: told
  flow: tell-the-books
  with: { order_number: order.number, amount: order.total }
  timeout: 1d
""",
)
STOP: Final = Form(
    "stop",
    "Ends the run.",
    (
        Key("stop", TEXT_VALUE, "the reason, for people", required=True),
        Key(
            "outcome",
            words("done", "cancelled", "failed"),
            "`failed` is a dead letter: a person decides",
            default="done",
        ),
        Key("undo", TRUTH_VALUE, "first undo what was written, the last first", default="false"),
    ),
    example="""- stop: nothing was paid
  outcome: cancelled
""",
)
ON_ERROR: Final = Form(
    "on_error",
    "What happens when a step fails for certain. An unknown outcome is not a failure: it ends by"
    " evidence or by a fence, whatever stands here.",
    (
        Key("retries", whole(0, RETRIES_MAX), "tries after the first", default="0"),
        Key("wait", DURATION_VALUE, "before the first of them; it doubles", default="10s"),
        Key("within", DURATION_VALUE, "no try begins later than this after the first"),
        Key(
            "then",
            words("dead_letter", "continue"),
            "when that was in vain; `continue` records the failure, and the result is null",
            default="dead_letter",
        ),
        Key(
            "steps",
            _STEPS,
            "taken then, with `failure.step`, `failure.reason` and `failure.message`; the flow"
            " goes on after them",
        ),
    ),
)

STEP_KINDS: Final = (
    MAP, READ, WRITE, BRANCH, EACH, FILTER, AGGREGATE, WAIT, APPROVE, NOTIFY, CALL, STOP,
)  # fmt: skip
UNDO_KINDS: Final = (MAP, READ, WRITE, BRANCH, NOTIFY)
STEP_FORMS: Final = (*STEP_KINDS, CASE, ELSE, TOTAL, ON_ERROR)
STEP_FAMILIES: Final = {
    STEPS: tuple(form.name for form in STEP_KINDS),
    UNDO_STEPS: tuple(form.name for form in UNDO_KINDS),
    CASES: (CASE.name, ELSE.name),
}
