"""A small library of connections, mappings and lookups, and flows over it."""

from tillbridge.connector.documents import DocumentShape, Field
from tillbridge.flows.bundle import TextFile
from tillbridge.flows.flow import Flow
from tillbridge.flows.library import ConnectionShapes, Library, read_library
from tillbridge.flows.read import read_flow

FILE = "flows/order.yaml"

ORDER_FIELDS = (
    Field("ordernumber", "text", required=True, length_max=20),
    Field("method", "choice", options=("1", "2")),
    Field("total", "money"),
)
SALES_ORDER = DocumentShape("sales_order", "Sales order", ORDER_FIELDS)
RELEASE = DocumentShape("sales_order_release", "Release", (Field("id", "text", required=True),))
STATUS = DocumentShape("payment_status", "Status", (Field("order", "text", required=True),))

CONNECTIONS = {
    "dynamics": ConnectionShapes(
        "dynamics365", {"sales_order": SALES_ORDER, "sales_order_release": RELEASE}
    ),
    "cybersource": ConnectionShapes("cybersource", {}, {"payment_status": STATUS}),
}

MAPPING = TextFile(
    "mappings/sales-order.yaml",
    """mapping: sales-order
target: dynamics365/sales_order
fields:
  ordernumber: order.number
  method: {lookup: cards, key: payment.card.brand}
  total: order.total
examples:
  - name: an order without lines has no total
    given: {order: {number: 1}}
    refused: total
""",
)
LOOKUP = TextFile("lookups/cards.csv", "key,value\nvisa,1\n")
UNUSED = TextFile("lookups/other.csv", "key,value\na,b\n")

STEPS = """steps:
  - map: made
    mapping: sales-order
  - write: ordered
    to: dynamics
    document: sales_order
    fields: made
    ordinal: payment.attempt_key
    announce: true
  - read: status
    from: cybersource
    ask: payment_status
    fields: {order: order.number}
  - branch: review
    cases:
      - when: event.kind == 'payment.in_review'
        steps:
          - wait: decision
            for: [payment.review_accepted, payment.review_rejected]
            where: candidate.source == 'cybersource' && candidate.subject == order.number
            timeout: 30d
            on_timeout: continue
          - write: release
            to: dynamics
            document: sales_order_release
            fields: {id: ordered.references.sales_order}
      - else: true
        steps:
          - stop: nothing to decide
            outcome: cancelled
"""
SOUND_STEPS = STEPS.replace(
    "[payment.review_accepted, payment.review_rejected]", "[payment.review_accepted]"
).replace(
    "references.sales_order}\n",
    "references.sales_order}\n            ordinal: payment.attempt_key\n",
)
"""The same without what an inspection finds: a no that nobody heeds, a write without an ordinal."""

HEAD = """flow: order-to-dynamics
title: A paid order
lane: dynamics
starts_on: [payment.authorized, payment.in_review]
condition: payment.connection == 'cybersource'
"""


def library() -> Library:
    found, problems = read_library(CONNECTIONS, [MAPPING], [LOOKUP, UNUSED])
    assert not problems
    return found


def flow(steps: str = STEPS, head: str = HEAD) -> Flow:
    return read_flow(TextFile(FILE, head + steps), library())
