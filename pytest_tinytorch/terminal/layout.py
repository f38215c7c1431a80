"""What reports are laid out with: lines that fold, a rule, and the lines that tell of a path."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from rich.console import Console, RenderableType
from rich.text import Text

from pytest_tinytorch.course.curriculum import Unit
from pytest_tinytorch.course.selection import unit_ranges
from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.terminal.glyphs import Glyphs

if TYPE_CHECKING:  # few screens have one
    from rich.rule import Rule


def titled_rule(glyphs: Glyphs, title: str = "") -> Rule:
    """A line across with a title in it."""
    from rich.rule import Rule

    return Rule(Text(title, style="bold"), characters=glyphs.line, style="dim")


def last_line(progress: Progress, glyphs: Glyphs, width: int) -> list[RenderableType]:
    """The run in one line, in a rule; where there is no room for that, below one."""
    text = progress.verdict_line()
    if len(text) + 4 <= width:
        return [titled_rule(glyphs, text)]
    return [titled_rule(glyphs), indented(Text(text, style="bold"), 1, width)]


def indented(text: Text, indent: int, width: int, hang: int = 0) -> Text:
    """Text wrapped to ``width`` with every line indented, those after the first ``hang`` deeper."""
    lines = folded(text, width, max(16, width - indent - hang - 1))
    margins = [" " * indent, *[" " * (indent + hang)] * (len(lines) - 1)]
    wrapped = Text("\n").join(
        Text(margin).append_text(line) for margin, line in zip(margins, lines, strict=False)
    )
    return Text().append_text(wrapped)


def beside(text: Text, column: int, width: int) -> Text:
    """Text in a column of its own, to begin behind what stands in the columns before it."""
    return Text(f"\n{' ' * column}").join(folded(text, width, max(1, width - column)))


def folded(text: Text, width: int, room: int) -> list[Text]:
    """The lines of a text in so many columns of ``width``. Most texts fit, and are not looked through."""
    fits = text.cell_len <= room and not {"\n", "\t"} & {*text.plain}
    return [text] if fits else [*text.wrap(console_of(width), room)]


@cache
def console_of(width: int) -> Console:
    """What Rich wraps lines for. To make one takes longer than to wrap them."""
    return Console(width=width)


def fold(head: Text, tail: Text, width: int, indent: int = 6) -> Text:
    """Two parts of a line; where they do not fit beside each other, the second goes below, indented."""
    if not tail or head.cell_len + tail.cell_len <= width:
        return Text.assemble(head, tail)
    stripped = tail[len(tail.plain) - len(tail.plain.lstrip()) :]
    return Text("\n").join([head, indented(stripped, indent, width)])


def learning_path_line(progress: Progress, width: int) -> list[RenderableType]:
    """The learning path that is followed, how far it is, and what it borrows; nothing without one."""
    line = progress.learning_path_line()
    text = Text().append("Path ", "bold").append(line)
    return [indented(text, 1, width)] if line else []


def left_out_line(units: Sequence[Unit], width: int) -> list[RenderableType]:
    """What is not on the path that is followed, on one line: there is nothing to do about it."""
    if not units:
        return []
    return [indented(Text(f"not on this path: {unit_ranges(units)}", style="dim"), 1, width)]


def capitalized(text: str) -> str:
    """A phrase as the beginning of a sentence."""
    return text[:1].upper() + text[1:]
