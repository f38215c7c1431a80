"""A milestone's numbers, held against what it asks for: a table with a bar for each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_tinytorch.course.curriculum import Unit
from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.export.journey.markup import Markup, element

LEADING = re.compile(r"(-?[\d,]*\.?\d+)(%?)(?=$| )")
"""The number that a text begins with: ``97.5%``, ``4.0 times smaller``, ``6,010``."""
AT_MOST = "_at_most"
LENGTH, HEIGHT = 200, 14
"""Of a bar."""


@dataclass(frozen=True)
class Measure:
    """A number that a milestone showed.

    Attributes:
        name: what it is.
        shown: as the milestone's test wrote it.
        value: it as a number, if it can be drawn.
        percent: whether it is a share; 97.5% has the value 0.975.
        limit: the threshold that it is held against, if there is one.
        most: whether the limit is the most it may be, not the least.
    """

    name: str
    shown: str
    value: float | None
    percent: bool = False
    limit: float | None = None
    most: bool = False

    @property
    def asked(self) -> str:
        """The limit in words."""
        if self.limit is None:
            return ""
        number = f"{self.limit * 100:g}%" if self.percent else f"{self.limit:g}"
        return f"at {'most' if self.most else 'least'} {number}"

    @property
    def scale(self) -> float:
        """What the whole bar stands for: all, unless that would show nothing."""
        largest = max(self.value or 0.0, self.limit or 0.0)
        if self.percent and 0.2 < largest <= 1:
            return 1.0
        return largest * 1.25 or 1.0


def measures(progress: Progress, unit: Unit) -> list[Measure]:
    """The numbers of this run, or else of the last pass."""
    proof = progress.achievements.get(unit.id)
    notes = progress.notes.get(unit.id) or (proof.notes if proof else {})
    return [measure(unit, str(name), value) for name, value in notes.items()]


def measure(unit: Unit, name: str, value: object) -> Measure:
    """One number, read from what the milestone's test wrote."""
    threshold = unit.shows.get(name, "")
    limit = unit.thresholds.get(threshold)
    shown = str(value)
    found = LEADING.match(shown)
    if found is None:
        return Measure(name, shown, None)
    percent = found[2] == "%"
    number = float(found[1].replace(",", "")) / (100 if percent else 1)
    alone = percent and found.end() == len(shown)
    drawn = number if alone or limit is not None else None
    return Measure(name, shown, drawn, percent, limit, threshold.endswith(AT_MOST))


def table(progress: Progress, unit: Unit) -> Markup | None:
    """The numbers of a milestone; None if it has not shown any."""
    return table_of(unit, measures(progress, unit))


def table_of(unit: Unit, found: Sequence[Measure]) -> Markup | None:
    """Numbers of a milestone as a table; None if there are none."""
    if not found:
        return None
    rows = [element("tr", element("th", one.name, scope="row"), *_cells(one)) for one in found]
    names = ("what", "yours", "as a bar", "asked for")
    heads = [element("th", name, scope="col") for name in names]
    return element(
        "table",
        element("caption", f"The numbers of {unit.label}"),
        element("thead", element("tr", *heads)),
        element("tbody", *rows),
        class_="numbers",
    )


def _cells(one: Measure) -> list[Markup]:
    """The number with its bar; or alone, where it cannot be drawn."""
    if one.value is None:
        return [element("td", one.shown, class_="value", colspan=3)]
    return [
        element("td", one.shown, class_="value"),
        element("td", bar(one, one.value), class_="plot"),
        element("td", one.asked, class_="asked"),
    ]


def bar(one: Measure, value: float) -> Markup:
    """A value as a bar, and what is asked for as a stroke across it."""
    length = LENGTH * min(1.0, max(0.0, value / one.scale))
    line = None
    if one.limit is not None:
        x = round(LENGTH * one.limit / one.scale, 1)
        line = element("path", d=f"M{x:g} 0V{HEIGHT}", class_="limit")
    return element(
        "svg",
        element("rect", x=0, y=4, width=LENGTH, height=6, class_="track"),
        element("rect", x=0, y=4, width=round(length, 1), height=6, class_="fill"),
        line,
        viewBox=f"0 0 {LENGTH} {HEIGHT}",
        aria_hidden="true",
    )
