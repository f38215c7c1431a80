"""Four levels of capability: what each lets you say, and what you must pass to reach it."""

from __future__ import annotations

from pytest_tinytorch.course.curriculum import Curriculum, NamedCheckpoints, Unit
from pytest_tinytorch.export.journey import charts, flow, phrases
from pytest_tinytorch.export.journey.markup import Markup, element
from pytest_tinytorch.export.journey.views import View


def units_of(curriculum: Curriculum, level: NamedCheckpoints) -> list[Unit]:
    """The checkpoints of a level, and each milestone that opens with one of them."""
    found: list[Unit] = []
    last: Unit | None = None
    for unit in flow.order(curriculum):
        last = last if unit.is_milestone else unit
        if last is not None and last.number in level.numbers:
            found.append(unit)
    return found


def level_list(view: View) -> Markup:
    """The levels, first to last."""
    found = (_level(view, n, one) for n, one in enumerate(view.curriculum.levels, start=1))
    return element("ol", *found, class_="levels")


def _level(view: View, number: int, level: NamedCheckpoints) -> Markup:
    """A level with its sentence, and a piece for each unit that belongs to it."""
    units = units_of(view.curriculum, level)
    here = any(view.is_here(unit) for unit in units)
    reached = view.progress is not None and view.passed(units) == len(units)
    return element(
        "li",
        element(
            "p",
            element("span", f"Level {number}", class_="kicker"),
            element("strong", level.name),
            element("span", "up next", class_="here") if here else None,
            element("span", "reached", class_="state passed")
            if reached
            else charts.count(view, units),
            class_="bar-head",
        ),
        element("p", level.summary, class_="statement"),
        element("p", phrases.range_text(units), class_="aside") if not view.progress else None,
        charts.pieces(view, units, level.name),
        class_="rung reached" if reached else "rung",
    )
