"""What an outage is judged by: the simulators' own logs, and what the house said meanwhile."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from campaigns.outage_town import HOLD_LIFE_S, Town
from campaigns.site import Erp
from campaigns.two_books import PREFIXES
from tillbridge_simulators.auditor import KEYS, UNKNOWN_WITHOUT_OWNER, Finding, judge
from tillbridge_simulators.auditor_evidence import Evidence, Testimony, evidence_of
from tillbridge_simulators.effects import EffectLog

VALID_S: Final = 25.0
"""A checkout is answered within so long; no authorization leaves after it."""
VALID_MIN_S: Final = 1.0
"""However much the world is sped up, our own processor is not (assembly.SEND_WINDOW_MIN_S)."""
WIRE_S: Final = 0.25
"""Real seconds that a request may be on its way on a busy machine, and the answer to the shop."""
PAY: Final = "/checkout/payments"
EXPIRED: Final = "hold_expired"
_PROBES: Final = ("search tillbridge-probe", "WhoAmI", "SELECT 1 AS one")
_NOT_ATTEMPTED: Final = "not_attempted"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the logs say.

    Attributes:
        counts: broken promises, by key.
        sentences: everything that must not be, in words.
        expired: orders on the desk whose hold ended before they could be captured.
    """

    intake_errors: int
    probes_at_once_max: int
    probes: int
    not_attempted: int
    sent_after_valid_until: int
    captured_after_expiry: int
    counts: Mapping[str, int]
    sentences: tuple[str, ...]
    expired: frozenset[str]


async def judged(town: Town) -> Verdict:
    """Judges a day that is over."""
    expired, letters = await _desk(town)
    refused = [*_refused(_log(town, "shop")), *_untaken(_log(town, "cybersource"))]
    late = list(_late(town))
    captured = list(_captured_late(town))
    evidence = replace(evidence_of(town.world), sagepro=await _testimony(town, "sage"))
    findings = [one for one in _broken(evidence) if not _waits_for_a_person(one, expired)]
    ownerless = await town.database.fetchval(
        "SELECT count(*) FROM effects e JOIN runs r ON r.id = e.run_id"
        " WHERE e.state IN ('intended', 'unknown') AND r.state NOT IN ('ready', 'waiting', 'dead')"
    )
    counts = dict.fromkeys(KEYS, 0)
    for finding in findings:
        counts[finding.key] += 1
    counts[UNKNOWN_WITHOUT_OWNER] = ownerless
    probes = list(_probes(evidence))
    sentences = [*refused, *late, *captured, *(str(finding) for finding in findings)]
    sentences += [f"dead letter: {letter}" for letter in letters]
    return Verdict(
        intake_errors=len(refused),
        probes_at_once_max=max(probes, default=0),
        probes=len(probes),
        not_attempted=sum(
            entry.facts["reason"] == _NOT_ATTEMPTED
            for entry in _log(town, "shop").entries("request_sent")
        ),
        sent_after_valid_until=len(late),
        captured_after_expiry=len(captured),
        counts=counts,
        sentences=tuple(sentences),
        expired=expired,
    )


async def places_off(town: Town, erp: Erp, since: float) -> list[int]:
    """How many places each order that waited for this ERP was written away from its turn, least
    first; turns are those of their authorizations. `since`: when the ERP was there again."""
    name = {"dynamics": "order_number", "sage": "order"}[erp]
    book = await _testimony(town, erp)
    held = [
        str(entry.facts["order"])
        for entry in _log(town, "cybersource").entries("authorization")
        if entry.at < since
    ]
    written = [str(entry.facts[name]) for entry in book.of("sales_order") if entry.at >= since]
    waited = set(held) & set(written)
    places = {order: at for at, order in enumerate(one for one in held if one in waited)}
    came = [order for order in written if order in waited]
    return sorted(abs(places[order] - at) for at, order in enumerate(came))


async def _testimony(town: Town, erp: Erp) -> Testimony:
    if erp == "sage":
        return await town.outside.sagepro.testimony()
    dynamics = town.outside.dynamics365
    return Testimony(tuple(dynamics.log.entries()), dynamics.state())


def _log(town: Town, system: str) -> EffectLog:
    log: EffectLog = getattr(town.world, system).log
    return log


async def _desk(town: Town) -> tuple[frozenset[str], list[str]]:
    """Orders whose hold ended and which a person has; and every other dead letter."""
    rows = await town.database.fetch(
        "SELECT subject, flow, target, class, reason, message FROM dead_letters"
        " JOIN runs ON id = run_id WHERE resolved_at IS NULL ORDER BY opened_at"
    )
    expired = frozenset(row["subject"] for row in rows if row["reason"] == EXPIRED)
    return expired, [" ".join(map(str, row.values())) for row in rows if row["reason"] != EXPIRED]


def _waits_for_a_person(finding: Finding, expired: frozenset[str]) -> bool:
    """A shipment whose hold has ended is with a person: it is not lost, and nothing holds money."""
    return finding.order in expired and finding.key in ("lost", "orphan_holds")


def _refused(shop: EffectLog) -> Iterable[str]:
    """What the shop was told no to, or nothing at all."""
    for entry in shop.entries("request_sent"):
        status, reason = entry.facts["status"], entry.facts["reason"]
        path = str(entry.facts["path"])
        taken = status in ((200, 202, 409) if path.startswith(PAY) else (200, 202))
        if not taken and not (status == 503 and reason == _NOT_ATTEMPTED):
            yield f"{path} of {entry.facts['key']} was answered {status} {reason}"


def _untaken(cybersource: EffectLog) -> Iterable[str]:
    for entry in cybersource.entries("webhook"):
        if not 200 <= int(str(entry.facts["to"])) < 300:
            yield f"a webhook of {entry.facts['order']} was answered {entry.facts['to']}"


def _probes(evidence: Evidence) -> Iterable[int]:
    """How many probes of one system were under way at once, each time one came."""
    for heard in (evidence.cybersource, evidence.dynamics365, evidence.sagepro):
        assert heard is not None, "every system takes part"
        for entry in heard.of("request"):
            if _is_probe(entry.facts):
                yield int(str(entry.facts["at_once"]))


def _is_probe(facts: Mapping[str, Any]) -> bool:
    if "order" in facts:
        return f"{facts['operation']} {facts['order']}" == _PROBES[0]
    if "path" in facts:
        return str(facts["path"]).endswith(_PROBES[1])
    return str(facts["operation"]).startswith(_PROBES[2])


def _late(town: Town) -> Iterable[str]:
    """Authorizations that reached Cybersource when the shop waited no more for this order: after
    `valid_until` of its newest request, or after it was told that nothing was attempted."""
    shop = town.world.shop
    assert shop is not None, "a town has a shop"
    keys = {
        attempt.key: order.number for order in shop.orders.values() for attempt in order.attempts
    }
    asked: dict[str, list[tuple[float, float, bool]]] = {}
    for entry in shop.log.entries("request_sent"):
        facts = entry.facts
        if facts["path"] == PAY and facts["method"] == "POST":
            refused = facts["reason"] == _NOT_ATTEMPTED
            posts = asked.setdefault(keys[str(facts["key"])], [])
            posts.append((float(str(facts["began"])), entry.at, refused))
    wire_s = WIRE_S + 2 * town.lag_s
    valid_s = max(VALID_S / town.factor, VALID_MIN_S) + wire_s
    for entry in _log(town, "cybersource").entries("request"):
        order = str(entry.facts["order"])
        if entry.facts["operation"] != "authorization" or order not in asked:
            continue
        before = [post for post in asked[order] if post[0] <= entry.at]
        began, answered, refused = max(before, default=(0.0, 0.0, False))
        if entry.at > began + valid_s:
            yield f"{order} was authorized {entry.at - began:.2f} s after its checkout"
        elif refused and entry.at > answered + wire_s:
            yield f"{order} was authorized after the shop was told that nothing was attempted"


def _captured_late(town: Town) -> Iterable[str]:
    cybersource = town.world.cybersource
    assert cybersource is not None, "a town has payments"
    holds = cybersource.state.authorizations
    for entry in cybersource.log.entries("capture"):
        hold = holds[str(entry.facts["about"])]
        over_s = entry.at - (hold.at_s + HOLD_LIFE_S / town.factor)
        if over_s > 0:
            yield f"{hold.code} was captured {over_s:.2f} s after its hold had ended"


def _broken(evidence: Evidence) -> Iterable[Finding]:
    """Each book is judged by its own orders."""
    books: dict[Erp, Evidence] = {
        "dynamics": replace(evidence, sagepro=None),
        "sage": replace(evidence, dynamics365=None),
    }
    for erp, book in books.items():
        for finding in judge(book).findings:
            if finding.order.startswith(PREFIXES[erp]):
                yield finding
