"""Checks of what a connector says of its documents' live fields."""

from collections.abc import Iterable, Mapping

from tillbridge.connector.abilities import (
    DescribesDocuments,
    ReadsDocuments,
    WritesDocuments,
)
from tillbridge.connector.conformance_bench import Harness, new_call, not_applicable, standing
from tillbridge.connector.documents import DocumentShape, Field


async def what_is_described_is_what_is_taken(harness: Harness) -> None:
    """The live fields are the declared ones, of the same types, with custom columns beside them;
    describing writes nothing."""
    async with harness.open() as bench:
        session = bench.session
        if not isinstance(session, DescribesDocuments):
            not_applicable("the connector does not describe its documents")
        before = await standing(harness, bench)
        described = await session.describe(new_call("", harness.answer_s))
        taken = _taken(session)
        for kind, shape in described.items():
            assert kind in taken, f"{kind} is described and not taken"
            assert _types(shape.fields) == _types(taken[kind].fields), f"the fields of {kind}"
        assert await standing(harness, bench) == before, "describing wrote something"


CHECKS = (what_is_described_is_what_is_taken,)


def _taken(session: object) -> Mapping[str, DocumentShape]:
    writes = session.writes if isinstance(session, WritesDocuments) else {}
    reads = session.reads if isinstance(session, ReadsDocuments) else {}
    return {kind: read.takes for kind, read in reads.items()} | {
        kind: write.shape for kind, write in writes.items()
    }


def _types(fields: Iterable[Field]) -> dict[str, object]:
    """Names and types at any depth; columns of a custom group are the site's own."""
    return {field.name: (field.type, {} if field.custom else _types(field.of)) for field in fields}
