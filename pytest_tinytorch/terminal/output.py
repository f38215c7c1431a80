"""What standard output is: its columns, its colors, its characters. As Rich finds it, without its import."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # help is shown without them
    from pytest_tinytorch.terminal.glyphs import Glyphs

COLUMNS = 80
"""Where nobody says how many."""


def terminal_glyphs() -> Glyphs:
    """The characters that standard output can show, whatever pytest has put in its place."""
    from pytest_tinytorch.terminal.glyphs import glyphs_for

    return glyphs_for(sys.__stdout__.encoding if sys.__stdout__ else None)


def columns() -> int:
    """How many columns there are: what the environment says, or else the terminal."""
    if told := told_columns():
        return told
    if is_terminal() and os.environ.get("TERM", "").lower() in ("dumb", "unknown"):
        return COLUMNS
    return columns_of_terminal() or COLUMNS


def told_columns() -> int:
    """How many columns the environment says; 0 if it says nothing."""
    told = os.environ.get("COLUMNS", "")
    return int(told) if told.isdecimal() else 0


def reading_columns() -> int:
    """The columns that a run writes to; 0 if that is no terminal. Pytest may have replaced the stream."""
    try:
        return columns() if sys.__stdout__ and sys.__stdout__.isatty() else 0
    except ValueError:  # it is closed
        return 0


def error_columns() -> int:
    """The columns that an error message has; 0 if it goes to no terminal, where nothing cuts its lines."""
    try:
        return columns() if sys.stderr.isatty() else 0
    except (AttributeError, ValueError):  # there is none, or it is closed
        return 0


def folded(text: str, width: int, hang: int = 2) -> str:
    """Lines of text; what does not fit goes below, ``hang`` deeper than its line begins. No word is cut."""
    from textwrap import fill

    return "\n".join(
        fill(
            line,
            max(width, 20),
            subsequent_indent=" " * (len(line) - len(line.lstrip()) + hang),
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in text.splitlines() or [""]
    )


def columns_of_terminal() -> int:
    """The columns of the terminal that any standard stream leads to; 0 if none does."""
    for stream in (0, 1, 2):
        try:
            return os.get_terminal_size(stream).columns
        except (AttributeError, ValueError, OSError):
            continue
    return 0


def shows_colors() -> bool:
    """Whether standard output shows colors, and the person wants them."""
    return is_terminal() and not os.environ.get("NO_COLOR")


def is_terminal() -> bool:
    """Whether standard output understands escape sequences; the environment may say so or deny it."""
    compatible, forced = (os.environ.get(name) for name in ("TTY_COMPATIBLE", "FORCE_COLOR"))
    if compatible in ("0", "1"):
        return compatible == "1"
    if forced is not None:
        return forced != ""
    try:
        return sys.stdout.isatty()
    except (AttributeError, ValueError):  # there is none, or it is closed
        return False
