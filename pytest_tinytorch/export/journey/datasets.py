"""The data that milestones learn from: first what ships, then what you download once."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from pytest_tinytorch.course.curriculum import DataSet, Unit
from pytest_tinytorch.export.journey import numbers, states
from pytest_tinytorch.export.journey.markup import Markup, drawing, element, join
from pytest_tinytorch.export.journey.views import View

SHAPES = {"wide": (700, 4), "narrow": (340, 2)}
"""Name of each shape to its width, and to the number of data sets in a row."""
SIDE, TEXT = 120, 78
"""Side of the largest square, and the height of the text below a square."""
NOTHING = "—"
FULL = "full_"
"""The prefix of thresholds for the full scale."""


def dataset_pictures(view: View) -> Markup:
    """The sizes in every shape, and which milestone uses what."""
    if not view.curriculum.datasets:
        return Markup()
    drawn = (dataset_picture(view.curriculum.datasets, shape) for shape in SHAPES)
    return join(*drawn, strategy(view))


def dataset_picture(found: Sequence[DataSet], shape: str) -> Markup:
    """A square for each data set, with an area in proportion to the memory that it takes."""
    width, columns = SHAPES[shape]
    sides = [SIDE * sqrt(one.memory / max(o.memory for o in found)) for one in found]
    floors, y = [], 0.0
    for n in range(0, len(found), columns):
        y += max(sides[n : n + columns]) + TEXT
        floors += [y - TEXT] * columns
    told = "; ".join(f"{one.title}, {one.what}: {memory_text(one)}, {cost(one)}" for one in found)
    places = [(n % columns) * width / columns for n in range(len(found))]
    return drawing(
        "datasets",
        shape,
        (width, y),
        "The data sets by the memory that they take",
        f"{told}.",
        *(_square(*one) for one in zip(found, sides, places, floors, strict=False)),
    )


def _square(one: DataSet, side: float, x: float, floor: float) -> Markup:
    """A data set, standing on a line, with its name and sizes below."""
    lines = ((one.title, 22, "name"), (memory_text(one), 41, "size"), (cost(one), 58, "size"))
    return element(
        "g",
        element("path", d=f"M{x:g} {floor:g}h{SIDE}", class_="level"),
        element("rect", x=x, y=floor - side, width=side, height=side, class_="amount"),
        *(element("text", text, x=x, y=floor + y, class_=kind) for text, y, kind in lines),
        class_="dataset fetched" if one.download else "dataset ships",
    )


def memory_text(one: DataSet) -> str:
    """How much memory it takes."""
    return f"{one.memory:g} MB in memory"


def cost(one: DataSet) -> str:
    """What it takes to get it."""
    return f"download, {one.download:g} MB" if one.download else "ships with the kit"


def strategy(view: View) -> Markup:
    """What each milestone learns from: first, and at full scale."""
    heads = ["milestone", "first, on data that ships", "then, on data that you download once"]
    heads += ["your number there"] if view.progress else []
    rows = (_row(view, unit, heads) for unit in view.curriculum.milestones)
    return element(
        "table",
        element("caption", "What each milestone learns from"),
        element("thead", element("tr", *(element("th", head, scope="col") for head in heads))),
        element("tbody", *rows),
        class_="strategy",
    )


def _row(view: View, unit: Unit, heads: Sequence[str]) -> Markup:
    """A milestone; each cell repeats its heading, for narrow screens that stack the cells."""
    used = [one for one in view.curriculum.datasets if unit.number in one.milestones]
    small = ", ".join(one.title for one in used if not one.download) or "nothing to load"
    large = [one for one in used if one.download]
    full = join(
        ", ".join(f"{one.title}, {one.download:g} MB" for one in large),
        f", {minutes(unit.full_cpu_seconds)}",
    )
    name = element("a", unit.label, href=view.address(unit))
    cells = [small, full if large else NOTHING]
    cells += [numbers_at_full_scale(view, unit) or NOTHING] if view.progress else []
    return element(
        "tr",
        element(
            "th", name, states.state_badge(view.word(unit)) if view.progress else None, scope="row"
        ),
        *(
            element(
                "td",
                element("span", head, class_="head"),
                cell,
                class_="none" if cell == NOTHING else None,
            )
            for head, cell in zip(heads[1:], cells, strict=True)
        ),
    )


def minutes(seconds: float) -> str:
    """About how long it takes, in words.

    >>> minutes(60), minutes(600), minutes(12)
    ('about a minute', 'about 10 minutes', 'about 12 seconds')
    """
    if seconds < 60:
        return f"about {seconds:g} seconds"
    return "about a minute" if seconds < 90 else f"about {seconds / 60:.0f} minutes"


def numbers_at_full_scale(view: View, unit: Unit) -> str:
    """What the learner's code reached on downloaded data, if the ledger has it."""
    if view.progress is None:
        return ""
    full = {name for name, threshold in unit.shows.items() if threshold.startswith(FULL)}
    return ", ".join(m.shown for m in numbers.measures(view.progress, unit) if m.name in full)
