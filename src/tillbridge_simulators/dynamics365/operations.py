"""One request and its answer, whether it came alone or in a batch."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Operation:
    """Header names are lower case; `target` is as it was sent."""

    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    content_id: str = ""

    def prefers(self, preference: str) -> bool:
        """Whether a Prefer header, which may join several with commas, has this one."""
        given = self.headers.get("prefer", "")
        return preference in [part.strip().casefold() for part in given.split(",")]


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is JSON unless a header says otherwise."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
