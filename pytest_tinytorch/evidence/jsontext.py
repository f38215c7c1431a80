"""JSON without Python's `json`: its import takes a while, and most starts can do without."""

from __future__ import annotations

import re
from typing import Any

from msgspec import MsgspecError
from msgspec.json import decode, encode, format

STRING = r'"[^"\\]*(?:\\.[^"\\]*)*"'
ELSE = r"\de|null"
"""Numbers that Python may write in another way: with powers of ten, and those that are none."""


def parsed(data: bytes) -> Any:
    """Plain values from JSON. Where msgspec refuses some, as NaN, Python has the last word.

    Raises:
        ValueError: it is none; the message says where.
        RecursionError: it is too deep.
    """
    try:
        return decode(data)
    except MsgspecError:
        import json

        return json.loads(data.decode("utf-8"))


def written(table: object) -> str:
    """JSON in one line, to the letter as `json.dumps` writes it: digests in ledgers are of such text.

    >>> written([["test_one[a]", 0.95]])
    '[["test_one[a]", 0.95]]'
    """
    text = format(encode(table), indent=0).decode()
    if text.isascii() and text.isprintable() and not re.search(ELSE, re.sub(STRING, "", text)):
        return text
    import json

    return json.dumps(table)
