"""What long-running commands write about themselves: one line an entry, no card data."""

import logging

from tillbridge.canonical.card_data import mask

FORMAT = "%(asctime)s %(process)d {role} %(levelname)s %(name)s: %(message)s"


class Masked(logging.Formatter):
    """A line in which a card number, should one ever come so far, is masked."""

    def format(self, record: logging.LogRecord) -> str:
        return mask(super().format(record))


def write_logs(role: str) -> None:
    """Sends log entries to the error stream."""
    stream = logging.StreamHandler()
    stream.setFormatter(Masked(FORMAT.format(role=role)))
    logging.basicConfig(level=logging.WARNING, handlers=[stream], force=True)
    logging.getLogger("tillbridge").setLevel(logging.INFO)
    logging.getLogger("asyncpg").setLevel(logging.ERROR)  # a lost database is told by who needs it
