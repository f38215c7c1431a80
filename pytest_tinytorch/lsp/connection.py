"""Standard input and output as a connection to an editor, and standard error for a person who looks there."""

from __future__ import annotations

import json
import logging
import os
import sys
from contextlib import suppress
from typing import IO

from pygls.exceptions import JsonRpcException

READER = "pygls.server"
"""The logger of what reads messages."""
NO_MESSAGE = (json.JSONDecodeError, JsonRpcException, AttributeError, UnicodeDecodeError)
"""What it meets where something is no message at all."""


class Outlet:
    """Where an editor reads. Once it is gone, it is told nothing more, and nobody hears of that.

    That it is gone is told by standard input, which has an end.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file

    def write(self, data: bytes) -> None:
        """Tell the editor."""
        with suppress(OSError, ValueError):
            self.file.write(data)
            self.file.flush()

    def flush(self) -> None:
        """Nothing is kept back."""

    def close(self) -> None:
        """Tell it no more."""
        with suppress(OSError):
            self.file.close()


def outlet() -> Outlet:
    """The way to the editor, for nobody else: what any library prints goes to standard error."""
    file = os.fdopen(os.dup(1), "wb")
    with suppress(OSError):  # there may be none
        os.dup2(2, 1)
    return Outlet(file)


def speak_plainly() -> None:
    """Let the log tell in a line of what comes and is no message, and show a traceback of all else."""
    logging.basicConfig(format="tito lsp: %(message)s", level=logging.WARNING)
    logging.getLogger(READER).addFilter(in_a_line)


def in_a_line(record: logging.LogRecord) -> bool:
    """Shorten a record if what it is about is no message."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, NO_MESSAGE):
        why = str(error) or type(error).__name__
        record.msg, record.args, record.exc_info = f"this is no message: {why}", (), None
    return True


def say_to_a_person(text: str) -> None:
    """Write a line to standard error, if there is one."""
    with suppress(AttributeError, OSError, ValueError):
        print(f"tito lsp: {text}", file=sys.stderr, flush=True)
