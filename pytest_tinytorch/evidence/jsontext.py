"""JSON without Python's `json`: its import takes a while, and most starts can do without."""

from __future__ import annotations

import re
from typing import Any

from msgspec import MsgspecError
from msgspec.json import decode, encode, format

ELSE = re.compile(r"[^ -~]|\de|null")
"""What Python may write in another way: all but ASCII, powers of ten, and what is no number."""


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
    if not ELSE.search(text):
        return text
    import json

    return json.dumps(table)
