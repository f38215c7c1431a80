"""Pieces of Markdown that several pages are made of."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Sequence

from pytest_tinytorch.course.curriculum import NamedCheckpoints, Unit

NONE = "nothing"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table, left-aligned."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def facts(rows: Iterable[tuple[str, str]]) -> str:
    """Names with what is to be said of them; a name without a text is left out."""
    entries = [f"{name}\n:   {text}" for name, text in rows if text]
    return '<div class="facts" markdown>\n\n' + "\n\n".join(entries) + "\n\n</div>"


def shell(*commands: str) -> str:
    """Commands to type."""
    return "```sh\n" + "\n".join(commands) + "\n```"


def page_of(unit: Unit) -> str:
    """The page about a unit, from the folder of the documentation."""
    folder = "milestones" if unit.is_milestone else "modules"
    return f"{folder}/{unit.number}_{unit.name}.md"


def link(unit: Unit, here: str) -> str:
    """A link to the page about a unit, from the page ``here``."""
    target = posixpath.relpath(page_of(unit), posixpath.dirname(here))
    return f"[{unit.label}]({target})"


def links(units: Iterable[Unit], here: str) -> str:
    """Links to several units, in a line."""
    return ", ".join(link(unit, here) for unit in units) or NONE


def stars(unit: Unit) -> str:
    """The difficulty of a module, for eyes and for ears."""
    return f'<span role="img" aria-label="{unit.stars} of 5">{"★" * unit.stars}</span>'


def named(groups: Iterable[NamedCheckpoints], unit: Unit) -> str:
    """The groups that a checkpoint belongs to."""
    return ", ".join(group.name for group in groups if unit.number in group.numbers)
