"""A file of transactions that was uploaded: how it stands, and what became of its requests.

Source: the official client's models of transaction batches; "Batch Processing Status" of the
Offline Transaction File Submission guide for the words: Completed, Rejected (it is not valid) and
OnHold (the same batch was processed before). Validating and Processing are over at once here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from tillbridge_simulators.cybersource.answers import utc_text

UploadState: TypeAlias = Literal["Completed", "Rejected", "OnHold"]


@dataclass(frozen=True, slots=True)
class BatchedRequest:
    """One request of a file. `decision` is ACCEPT, REVIEW or REJECT; `reason` as REST says it."""

    id: str
    decision: str
    reason: str
    code: str
    amount: str
    currency: str


@dataclass(frozen=True, slots=True)
class UploadedBatch:
    """One file. Nothing of it is kept but what became of its requests."""

    id: str
    uploaded_s: float
    state: UploadState
    requests: Sequence[BatchedRequest] = ()

    @property
    def rejected(self) -> Sequence[BatchedRequest]:
        return [one for one in self.requests if one.decision == "REJECT"]

    def shown(self) -> dict[str, Any]:
        """As lists show it, and it itself."""
        return {
            "id": self.id,
            "uploadDate": utc_text(self.uploaded_s),
            "completionDate": utc_text(self.uploaded_s),
            "transactionCount": len(self.requests),
            "acceptedTransactionCount": len(self.requests) - len(self.rejected),
            "rejectedTransactionCount": str(len(self.rejected)),
            "status": self.state,
        }
