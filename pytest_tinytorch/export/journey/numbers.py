"""A milestone's numbers, compared with what it requires: a table with a bar for each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, log10

from pytest_tinytorch.course.curriculum import Unit
from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.export.journey.markup import Markup, element, join

LEADING = re.compile(r"(-?[\d,]*\.?\d+)(%?)(?=$| )")
"""The number that a text begins with: ``97.5%``, ``4.0 times smaller``, ``6,010``."""
AT_MOST = "_at_most"
LENGTH, HEIGHT = 200, 14
"""Of a bar."""
STEPS = (1, 2, 2.5, 5, 10)
"""What a whole bar may stand for: one of these, times a power of ten."""


@dataclass(frozen=True)
class Measure:
    """A number that a milestone showed.

    Attributes:
        name: its name.
        shown: the text that the milestone's test wrote.
        value: the number itself, if it can be drawn.
        percent: whether it is a share; 97.5% has the value 0.975.
        unit: what it counts: ``%``, or the word after it. Bars of one unit have one scale.
        limit: the threshold that it is compared with, if there is one.
        most: whether the limit is a maximum, not a minimum.
    """

    name: str
    shown: str
    value: float | None
    percent: bool = False
    unit: str = ""
    limit: float | None = None
    most: bool = False

    @property
    def asked(self) -> str:
        """The limit as text."""
        if self.limit is None:
            return ""
        number = f"{self.limit * 100:g}%" if self.percent else f"{self.limit:g}"
        return f"at {'most' if self.most else 'least'} {number}"


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
    unit_of = "%" if percent else "".join(shown[found.end() :].split()[:1])
    return Measure(name, shown, drawn, percent, unit_of, limit, threshold.endswith(AT_MOST))


def wholes(found: Sequence[Measure]) -> dict[str, float]:
    """Unit to what a whole bar stands for: 100%, or the next round number if something is larger.

    The lengths of bars are thus in proportion to their numbers.
    """
    largest: dict[str, float] = {}
    for one in (one for one in found if one.value is not None):
        least = 1.0 if one.percent else 0.0
        values = (one.value or 0.0, one.limit or 0.0, least)
        largest[one.unit] = max(largest.get(one.unit, 0.0), *values)
    return {
        unit: value if unit == "%" and value == 1 else rounded_up(value)
        for unit, value in largest.items()
    }


def rounded_up(value: float) -> float:
    """The next round number; 1 for nothing.

    >>> rounded_up(2.48), rounded_up(143), rounded_up(0.0)
    (2.5, 200.0, 1.0)
    """
    if value <= 0:
        return 1.0
    power = 10.0 ** (ceil(log10(value)) - 1)
    return next(step * power for step in STEPS if step * power >= value)


def table(progress: Progress, unit: Unit) -> Markup | None:
    """The numbers of a milestone; None if it has not shown any."""
    return table_of(unit, measures(progress, unit))


def table_of(unit: Unit, found: Sequence[Measure]) -> Markup | None:
    """Numbers of a milestone as a table; None if there are none."""
    if not found:
        return None
    whole = wholes(found)
    rows = [
        element("tr", element("th", one.name, scope="row"), *_cells(one, whole)) for one in found
    ]
    names = ("what", "yours", "as a bar", "threshold")
    heads = [element("th", name, scope="col") for name in names]
    drawn = element(
        "table",
        element("caption", f"The numbers of {unit.label}"),
        element("thead", element("tr", *heads)),
        element("tbody", *rows),
        class_="numbers",
    )
    return join(drawn, scale_line(whole))


def scale_line(whole: Mapping[str, float]) -> Markup | None:
    """What a whole bar stands for, as text; None if there are no bars."""
    texts = [
        f"{x * 100:g}%" if unit == "%" else f"{x:g} {unit}".strip() for unit, x in whole.items()
    ]
    return element("p", f"A whole bar is {' or '.join(texts)}.", class_="scale") if texts else None


def _cells(one: Measure, whole: Mapping[str, float]) -> list[Markup]:
    """The number with its bar, or alone if it cannot be drawn."""
    if one.value is None:
        return [element("td", one.shown, class_="value", colspan=3)]
    return [
        element("td", one.shown, class_="value"),
        element("td", bar(one, one.value, whole[one.unit]), class_="plot"),
        element("td", one.asked, class_="asked"),
    ]


def bar(one: Measure, value: float, whole: float) -> Markup:
    """A value as a bar whose full length is ``whole``, with the threshold as a stroke across it."""
    length = LENGTH * max(0.0, value) / whole
    line = None
    if one.limit is not None:
        x = round(LENGTH * one.limit / whole, 1)
        line = element("path", d=f"M{x:g} 0V{HEIGHT}", class_="limit")
    return element(
        "svg",
        element("rect", x=0, y=4, width=LENGTH, height=6, class_="track"),
        element("rect", x=0, y=4, width=round(length, 1), height=6, class_="fill"),
        line,
        viewBox=f"0 0 {LENGTH} {HEIGHT}",
        aria_hidden="true",
    )
