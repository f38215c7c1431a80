"""What standard output is: its columns, its colors, its characters. As Rich finds it, without its import."""

from __future__ import annotations

import os
import sys

from pytest_tinytorch.terminal.glyphs import Glyphs, glyphs_for

COLUMNS = 80
"""Where nobody says how many."""


def terminal_glyphs() -> Glyphs:
    """The characters that standard output can show, whatever pytest has put in its place."""
    return glyphs_for(sys.__stdout__.encoding if sys.__stdout__ else None)


def columns() -> int:
    """How many columns there are: what the environment says, or else the terminal."""
    told = os.environ.get("COLUMNS", "")
    if told.isdigit() and int(told):
        return int(told)
    if is_terminal() and os.environ.get("TERM", "").lower() in ("dumb", "unknown"):
        return COLUMNS
    return columns_of_terminal() or COLUMNS


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
