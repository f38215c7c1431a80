"""Lessons as they were drawn: that takes as long as two other commands, so what is shown again is kept."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

from pytest_tinytorch.course.kept import digest
from pytest_tinytorch.evidence.digests import mark, read_if_present
from pytest_tinytorch.lessons import reading
from pytest_tinytorch.terminal.glyphs import Glyphs

FOLDER = ".tinytorch/lessons/drawn"
"""Where drawings are kept, from the root of a workspace."""
MOST = 60
"""Drawings that are kept. Of more, those that are oldest go."""
FOREIGN = re.compile(r"\x1b(?!\[[\d;]*m)|[\0-\t\v-\x1a\x1c-\x1f\x7f-\x9f\ufffd]")
"""What no drawing has. Somebody else's workspace may, and it could do more to a terminal than color it."""


def drawn(text: str, width: int, color: bool, glyphs: Glyphs, root: Path | None) -> str:
    """A lesson as a terminal shows it. What Rich draws for the workspace in ``root`` is kept there."""
    lesson = reading.fitting(text, width, color)
    if root is None:
        return draw(lesson, width, color, glyphs)
    file = root / FOLDER / f"{key(lesson, width, color, glyphs)}.txt"
    if kept := whole_in(read_if_present(file) or b""):
        return kept
    found = draw(lesson, width, color, glyphs)
    with suppress(OSError):  # where nothing can be written, it is drawn each time
        keep(file, found)
    return found


def whole_in(data: bytes) -> str:
    """The drawing in a file that `keep` has written; empty if it has not, or not all of it is there."""
    told, _, text = data.decode("utf-8", "replace").partition("\n")
    return text if told == digest(text) and not FOREIGN.search(text) else ""


def draw(lesson: str, width: int, color: bool, glyphs: Glyphs) -> str:
    """Markdown as Rich draws it."""
    from rich.markdown import Markdown  # takes as long as Click and all else that a lesson needs

    from pytest_tinytorch.terminal.screen import rendered

    shown = Markdown(lesson, hyperlinks=False, code_theme="ansi_dark")
    return rendered(shown, width, color, glyphs)


def key(lesson: str, width: int, color: bool, glyphs: Glyphs) -> str:
    """What a drawing depends on, as a name: the lesson, the terminal, and the Rich that is installed."""
    import rich  # loads nothing that draws

    told = repr((lesson, width, color, glyphs.plain, mark(Path(rich.__file__))))
    return digest(told)


def keep(file: Path, text: str) -> None:
    """Write a drawing below its digest, and remove the oldest of too many; OSError where that cannot be."""
    from pytest_tinytorch.kit.update import replace_file  # what is kept already writes nothing

    replace_file(file, f"{digest(text)}\n{text}".encode())
    by_age = sorted(file.parent.glob("*.txt"), key=lambda one: one.stat().st_mtime_ns)
    for old in by_age[:-MOST]:
        old.unlink(missing_ok=True)
