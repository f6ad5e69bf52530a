"""Stand-ins of connections without a simulator: they take what fits, and call nobody."""

from dataclasses import replace

from tillbridge.canonical.references import ExternalReference
from tillbridge.connections.connections import Connection
from tillbridge.connector.abilities import Call, Read, Receipt, Send, Write
from tillbridge.connector.documents import Fields


def stand_in(connection: Connection) -> Connection:
    """The connection with its documents and reads, and nothing behind them."""
    return replace(
        connection,
        session=None,
        writes={
            kind: Write(write.shape, "none", _sends(connection.name, kind))
            for kind, write in connection.writes.items()
        },
        reads={
            kind: Read(kind, read.takes, _sends(connection.name, kind))
            for kind, read in connection.reads.items()
        },
    )


def _sends(connection: str, kind: str) -> Send:
    async def send(call: Call, _: Fields) -> Receipt:
        call.guard()
        return Receipt((ExternalReference(connection, kind, f"{kind}-{call.key[:8]}"),))

    return send
