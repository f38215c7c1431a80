"""Makes the page of the table: `python -m tests.grade.cheats docs/cheats.md`."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from tests.grade.cheats.catalogue import CHEATS, GROUPS
from tests.grade.cheats.cheat import MEANING, Cheat, Comes

HEAD = """# The table of cheats

<!-- made by `python -m tests.grade.cheats docs/cheats.md`; make it again instead of editing -->

Each row is a submission in which 01 and 02 are right and 03 is wrong, and that tries to get the points
of 03 all the same. `tests/grade/cheats` has the code of each. The tests grade them as
[`tito grade`](grading.md) grades a class, in a sandbox on Linux, and compare what they come to with this
table: a sample in each run, and all of them with `TINYTORCH_LONG=1`.
"""


def page() -> str:
    """The page as Markdown."""
    counts = Counter(cheat.comes for cheat in CHEATS)
    lines = [HEAD, "| comes to | ways | which means |", "|---|---|---|"]
    lines += [f"| {comes} | {counts[comes]} | {MEANING[comes]} |" for comes in Comes]
    for title, cheats in GROUPS.items():
        lines += ["", f"## {title}", "", "| a submission | comes to | because |", "|---|---|---|"]
        lines += map(line_of, cheats)
    return "\n".join(lines) + "\n"


def line_of(cheat: Cheat) -> str:
    """One row; what somebody has to look at is in bold."""
    open_to = cheat.comes in (Comes.FLAGGED, Comes.NOT_WITHSTOOD)
    comes = f"**{cheat.comes}**" if open_to else str(cheat.comes)
    return f"| {cheat.name} | {comes} | {cheat.because} |"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8", newline="\n")
