"""Docstrings as mkdocstrings wants them: sections apart from each other, examples in fences."""

from __future__ import annotations

import re
from typing import Any

from griffe import Extension, Object

SECTION = re.compile(r"(?<=[^\n])\n(?=(?:Returns|Raises|Yields):\n)")
EXAMPLE = re.compile(r"^>>> .*(?:\n.+)*", re.MULTILINE)


def spaced(docstring: str) -> str:
    r"""A docstring of ours with what its readers in a browser need.

    >>> spaced("Twice.\n\nReturns:\n    It.\nRaises:\n    OSError: no.")
    'Twice.\n\nReturns:\n    It.\n\nRaises:\n    OSError: no.'
    """
    apart = SECTION.sub("\n\n", docstring)
    return EXAMPLE.sub(lambda found: f"```pycon\n{found[0]}\n```", apart)


class Spaced(Extension):
    """Changes every docstring when it is loaded."""

    def on_object(self, *, obj: Object, **others: Any) -> None:
        if obj.docstring is not None:
            obj.docstring.value = spaced(obj.docstring.value)
