"""A port of 127.0.0.1 that keeps its number while nobody listens on it."""

import socket


def bound(port: int) -> socket.socket:
    """A socket at this port (0: any free one); until somebody listens, callers are refused."""
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", port))
    return held
