"""Somebody outside who answers submissions: over the network, and through a socket of the machine."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def helpful() -> Iterator[dict[str, str]]:
    """Answer while the block runs; gives where, by the words that cheats have for it."""
    name = f"tinytorch-helper-{os.getpid()}"
    with (
        socket.create_server(("127.0.0.1", 0)) as network,
        socket.socket(socket.AF_UNIX) as local,
    ):
        local.bind(f"\0{name}")
        local.listen()
        for listening in (network, local):
            threading.Thread(target=serve, args=(listening,), daemon=True).start()
        known = {"@PORT@": str(network.getsockname()[1]), "@SOCKET@": name}
        assert asked(known) == [9, 9]
        try:
            yield known
        finally:
            for listening in (network, local):
                with suppress(OSError):
                    listening.shutdown(socket.SHUT_RDWR)


def serve(listening: socket.socket) -> None:
    """Answer each question with a square, until the socket is shut."""
    with suppress(OSError):
        while True:
            line, _ = listening.accept()
            with line, line.makefile("rw") as stream, suppress(ValueError, OSError):
                stream.write(f"{int(stream.readline()) ** 2}\n")


def asked(known: dict[str, str]) -> list[int]:
    """What both say to whoever can reach them."""
    answers = []
    with socket.create_connection(("127.0.0.1", int(known["@PORT@"]))) as network:
        network.sendall(b"3\n")
        answers.append(int(network.makefile().readline()))
    with socket.socket(socket.AF_UNIX) as local:
        local.connect(f"\0{known['@SOCKET@']}")
        local.sendall(b"3\n")
        answers.append(int(local.makefile().readline()))
    return answers
