"""Text that came out of a learner's code, made harmless for whoever shows it."""

from __future__ import annotations

import re
import unicodedata

LIMIT = 500
"""Characters of one text: what is wrong is said in its first lines."""

COMMAND = re.compile(r"^\s*:(?=:)|#(?=#\[)", re.MULTILINE)
"""How a line begins that a GitHub runner takes for an order: ``::error::`` or ``##[error]``."""

TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that let a text be read in another order than it is written in."""


def harmless_text(text: str, limit: int = LIMIT) -> str:
    """The text without escape sequences, other control characters or orders to a runner, cut to ``limit``."""
    kept = "".join(c for c in text[:limit] if c in "\n\t" or not _moves(c))
    kept = COMMAND.sub(lambda found: f"{found[0]} ", kept)
    return kept + (" …" if len(text) > limit else "")


def encodable_text(text: str) -> str:
    """The text with what no file can hold, halves of surrogate pairs, spelled out."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _moves(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs") or character in TURNING


def shortened(text: str, longest: int) -> str:
    """A text that is too long to be read, cut to ``longest`` characters, which tell how many it had."""
    if len(text) <= longest:
        return text
    end = f"... ({len(text):,} characters in all)"
    return text[: longest - len(end)] + end
