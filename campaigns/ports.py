"""Ports for programs that are started, killed, and started again where they were."""

import random
import socket

PORTS = range(20_000, 30_000)
"""Below those that the kernel gives to whoever asks for any: while a program is dead, nobody gets
its port by chance."""
_DRAW = random.SystemRandom()


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on."""
    while True:
        port = _DRAW.choice(PORTS)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
