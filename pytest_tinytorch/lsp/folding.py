"""Sentences on lines that are short enough for any editor: some cut what does not fit."""

from __future__ import annotations

import re

from pytest_tinytorch.terminal import output

COLUMNS = 70
"""Of a line of prose: with what an editor puts before it, it fits into 80."""
WHOLE = re.compile(r"`[^`]+`")
"""Code, which stays on one line."""
AFTER = re.compile(r" (?=(?:[*<>|=+/#~-]+|\d+[.)])(?: |$))")
"""The space before what would begin a list or a heading in Markdown if it began a line."""
BLANK = "\0"
"""Stands for a space at which no line ends."""


def folded(text: str, hang: int = 0, columns: int = COLUMNS) -> str:
    """Sentences on as many lines as they need, the later ones ``hang`` deeper. No word is cut.

    >>> print(folded("relu(x) is `max(x, 0)` + 0", columns=22))
    relu(x) is
    `max(x, 0)` + 0
    """
    kept = WHOLE.sub(lambda found: found[0].replace(" ", BLANK), text)
    kept = AFTER.sub(BLANK, kept)
    return output.folded(kept, columns, hang).replace(BLANK, " ")
