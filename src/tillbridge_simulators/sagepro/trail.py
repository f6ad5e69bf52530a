"""What a transaction did, in the words of the business, for the log by which campaigns judge."""

from dataclasses import dataclass

from tillbridge_simulators.sagepro.store import Store

_RANK = (
    "sales_order",
    "sales_order_release",
    "sales_order_cancellation",
    "payment_transaction",
    "customer",
    "cross_reference",
)
_PAYMENT_TYPES = {"authorization", "capture", "reversal", "refund", "void", "sale"}


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect: its kind and facts for the log; `subject` is the shop's order number."""

    kind: str
    subject: str
    facts: dict[str, object]


def watch(store: Store) -> None:
    """Starts noting what matters."""
    store.watch("somast", "INSERT", "sales_order", ("NEW.sono", "''", "NEW.websono"))
    store.watch(
        "somast", "UPDATE OF release", "release", ("NEW.sono", "OLD.release", "NEW.release")
    )
    store.watch("somast", "UPDATE OF sostat", "sostat", ("NEW.sono", "OLD.sostat", "NEW.sostat"))
    store.watch("arcust", "INSERT", "customer", ("NEW.custno", "''", "NEW.company"))


def watch_cross_references(store: Store) -> None:
    """Once the cross-reference table exists."""
    store.watch("ix_xref", "INSERT", "cross_reference", ("NEW.ext_id", "NEW.doctype", "NEW.docno"))


def effects(store: Store, changes: list[tuple[str, str, str, str]]) -> list[Effect]:
    """The effects of these changes, as the tables stand now."""
    return [effect for change in changes if (effect := _effect(store, change)) is not None]


def leading(found: list[Effect]) -> Effect | None:
    """The effect by which a transaction is named when a fault is drawn."""
    for kind in _RANK:
        for effect in found:
            if effect.kind == kind or (kind == "payment_transaction" and _is_payment(effect)):
                return Effect(kind, effect.subject, effect.facts)
    return None


def _is_payment(effect: Effect) -> bool:
    return effect.kind == "cross_reference" and effect.facts["doctype"] in _PAYMENT_TYPES


def _effect(store: Store, change: tuple[str, str, str, str]) -> Effect | None:
    what, number, before, after = change
    if what == "sales_order":
        facts = order_facts(store, number)
        return Effect("sales_order", str(facts["websono"] or facts["ponum"]), facts)
    if what == "release" and before != after and after.strip() == "Y":
        return Effect("sales_order_release", _subject(store, number), {"sono": number.strip()})
    if what == "sostat" and before != after and after.strip() == "V":
        return Effect("sales_order_cancellation", _subject(store, number), {"sono": number.strip()})
    if what == "customer":
        return Effect("customer", "", {"custno": number.strip(), "company": after.strip()})
    if what == "cross_reference":
        return _cross_reference(store, before, number)
    return None


def _cross_reference(store: Store, doctype: str, ext_id: str) -> Effect:
    """As the row stands at the end of its transaction: the document's number comes last."""
    names = ("doctype", "ext_id", "docno", "transaction_id", "shop_ref", "amount", "currency")
    row = store.rows(
        f'SELECT {", ".join(names)} FROM "{store.company}".ix_xref'  # noqa: S608 (constants of ours)
        " WHERE doctype = ? AND ext_id = ?",
        doctype,
        ext_id,
    )[0]
    facts: dict[str, object] = {
        name: str(value).strip() for name, value in zip(names, row, strict=True)
    }
    subject = _subject(store, str(row[2])) or str(facts["shop_ref"])
    return Effect("cross_reference", subject, facts)


def order_facts(store: Store, sono: str) -> dict[str, object]:
    """One sales order with its lines; amounts as text."""
    company = store.company
    columns = ("sono", "custno", "websono", "ponum", "ordamt", "tax", "currid", "sostat", "release")
    known = store.tables[company.lower(), "somast"].columns
    chosen = [name if name in known else "''" for name in columns]
    row = store.rows(
        f'SELECT {", ".join(chosen)} FROM "{company}".somast WHERE sono = ?',  # noqa: S608 (constants of ours)
        sono,
    )[0]
    facts: dict[str, object] = {
        name: str(value).strip() for name, value in zip(columns, row, strict=True)
    }
    lines = store.rows(
        f'SELECT item, qtyord, price, disc, extprice, sostat FROM "{company}".sotran'  # noqa: S608 (constants of ours)
        " WHERE sono = ? ORDER BY tranlineno",
        sono,
    )
    names = ("item", "qtyord", "price", "disc", "extprice", "sostat")
    facts["lines"] = [
        {name: str(value).strip() for name, value in zip(names, line, strict=True)}
        for line in lines
    ]
    return facts


def _subject(store: Store, sono: str) -> str:
    rows = store.rows(
        f'SELECT websono, ponum FROM "{store.company}".somast WHERE sono = ?',  # noqa: S608 (constants of ours)
        sono,
    )
    return str(rows[0][0]).strip() or str(rows[0][1]).strip() if rows else ""
