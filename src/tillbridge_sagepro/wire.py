"""The socket under a database connection, with one deadline for everything a call does."""

import socket
import time

_LEAST_WAIT_S = 0.001


class Wire(socket.socket):
    """A TCP socket whose every wait ends at `deadline` (of time.monotonic).

    The driver's own time-out starts anew with each packet; a server that trickles could hold a
    thread for ever.
    """

    deadline: float = float("inf")

    @classmethod
    def open(cls, host: str, port: int, deadline: float, connect_max_s: float) -> "Wire":
        """Connects. Raises OSError."""
        wait_s = max(min(connect_max_s, deadline - time.monotonic()), _LEAST_WAIT_S)
        plain = socket.create_connection((host, port), wait_s)
        wire = cls(fileno=plain.detach())
        wire.deadline = deadline
        return wire

    def recv_into(self, *arguments: object, **named: object) -> int:
        self._wait()
        try:
            return super().recv_into(*arguments, **named)  # type: ignore[arg-type] # passed on as given
        except ConnectionError:
            return 0  # the driver takes an end of stream as one, and a reset as "try again"

    def recv(self, *arguments: int) -> bytes:
        self._wait()
        return super().recv(*arguments)

    def sendall(self, *arguments: object) -> None:
        self._wait()
        super().sendall(*arguments)  # type: ignore[arg-type] # passed on as given

    def send(self, *arguments: object) -> int:
        self._wait()
        return super().send(*arguments)  # type: ignore[arg-type] # passed on as given

    def _wait(self) -> None:
        left_s = self.deadline - time.monotonic()
        self.settimeout(None if left_s == float("inf") else max(left_s, _LEAST_WAIT_S))
