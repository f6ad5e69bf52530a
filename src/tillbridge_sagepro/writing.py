"""What every part of a write needs: the transaction, the company, the settings, the moment."""

from dataclasses import dataclass

from tillbridge_sagepro.company import Company
from tillbridge_sagepro.cross_references import CrossReference
from tillbridge_sagepro.database import Transaction
from tillbridge_sagepro.inserts import Batch
from tillbridge_sagepro.settings import SageProSettings
from tillbridge_sagepro.stamps import Stamp, stamp
from tillbridge_sagepro.structure import Table


@dataclass(frozen=True, slots=True)
class Writing:
    """One effect being written."""

    transaction: Transaction
    company: Company
    settings: SageProSettings
    stamp: Stamp

    @classmethod
    def begin(
        cls, transaction: Transaction, company: Company, settings: SageProSettings
    ) -> "Writing":
        """The writing of the effect whose key the transaction's call carries."""
        return cls(transaction, company, settings, stamp(transaction.call.now, settings))

    @property
    def key(self) -> str:
        return self.transaction.call.key

    def table(self, name: str) -> Table:
        """A table as it really is."""
        return self.company.structure[name]

    def batch(self) -> Batch:
        """An empty batch."""
        return Batch(self.stamp.characters, self.settings.blank_date)

    def send(self, batch: Batch) -> list[list[tuple[object, ...]]]:
        """Sends what the batch holds."""
        return self.transaction.write(batch.sql, batch.values)

    def claim_values(self, reference: CrossReference) -> dict[str, str]:
        """The parameters of the statement "claim"."""
        return reference.values(self.settings)
