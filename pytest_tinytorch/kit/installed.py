"""Versions of what is installed, read without all else that a distribution says of itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, distribution

METADATA = ("METADATA", "PKG-INFO", "")
"""Where a distribution says it: as a wheel installs it, and as older tools do, in a folder or one file."""


def version_of(package: str) -> str | None:
    """The version of an installed package; None if it is not installed.

    >>> version_of("numpy") is not None, version_of("no-such-package")
    (True, None)
    """
    try:
        return field_in(distribution(package).read_text, "Version")
    except PackageNotFoundError:
        return None


def field_in(read_text: Callable[[str], str | None], name: str) -> str:
    """What the metadata of a distribution says in a field of one line; empty if it says nothing.

    A parser of mail, which `importlib.metadata` asks, takes ten times as long to read the whole of it.

    Args:
        read_text: a distribution's own; None for a file that it has not.
        name: of the field.
    """
    text = next(filter(None, map(read_text, METADATA)), "")
    found = re.search(rf"^{name}:[ \t]*(.*?)\s*$", text, re.MULTILINE | re.IGNORECASE)
    return found[1] if found else ""
