"""Keys as they are pressed, without Return, where standard input is a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

if sys.platform == "win32":
    import msvcrt

    @contextmanager
    def single() -> Iterator[None]:
        """Nothing has to be set."""
        yield

    def read() -> str:
        """The next key."""
        return msvcrt.getwch() if sys.stdin.isatty() else sys.stdin.read(1)
else:
    import termios
    import tty

    @contextmanager
    def single() -> Iterator[None]:
        """Hand over each key at once, and show none; afterwards all is as it was."""
        if not sys.stdin.isatty():
            yield
            return
        before = termios.tcgetattr(0)
        try:
            tty.setcbreak(0)
            yield
        finally:
            termios.tcsetattr(0, termios.TCSADRAIN, before)

    def read() -> str:
        """The next key; empty once there will be none."""
        try:
            return os.read(0, 1).decode("ascii", "ignore") or ""
        except OSError:
            return ""


def each(pressed: Callable[[str], bool]) -> None:
    """Call ``pressed`` with every key while it says to go on, and there are more.

    No key after the last one is read: it is for whoever has the terminal next.
    """
    while (key := read()) and pressed(key):
        pass
