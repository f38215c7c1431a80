"""The page of a class: one file for the instructor, which loads nothing and runs no script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.export.journey import page, states
from pytest_tinytorch.export.journey.markup import Markup, drawing, element, items, join
from pytest_tinytorch.export.journey.sections import Section, section_element
from pytest_tinytorch.grade.flagpage import clean, flagged, row_id, who
from pytest_tinytorch.grade.grades import ENDINGS, Ending
from pytest_tinytorch.grade.summary import (
    Graded,
    Line,
    Summary,
    number,
    passed_by,
    shard_text,
    worst_exercises,
)

STYLE = Path(__file__).with_name("classpage.css")
SHAPES = {"wide": (720, 240), "narrow": (340, 220)}
"""Name of each shape of the histogram to the size of its canvas."""
MARGIN, FOOT, HEAD = 8, 26, 20
BINS = 10
"""Into how many bars points are put, where there are more values than `FEW`."""
FEW = 12
LONGEST = 10
"""How many submissions the list of times has."""
BAR, THICK = 200, 12


def class_page(summary: Summary) -> str:
    """The page."""
    own = STYLE.read_text(encoding="utf-8")
    style = Markup("\n").join([page.read("journey.css"), Markup(own)])
    parts = list(sections(summary))
    links = items(element("a", part.link, href=f"#{part.id}") for part in parts)
    brand = element("p", states.icon("torch", "torch"), summary.title, class_="brand")
    body = element(
        "body",
        states.symbols(),
        element("a", "Skip to the content", href="#content", class_="skip"),
        element("header", brand, element("nav", links, aria_label="Sections")),
        element("main", hero(summary), *map(section_element, parts), id="content", tabindex=-1),
        element("footer", element("p", foot(summary))),
    )
    return page.whole(page.head(f"{summary.title}: the class", style, ""), body)


def hero(summary: Summary) -> Markup:
    """How many submissions there are, and how they stand."""
    graded = [line for line in summary.lines if line.grade.ending == Ending.GRADED]
    counts = [f"{len(graded)} of {counted(len(summary.lines), 'submission')} graded"]
    for ending in (
        Ending.REFUSED,
        Ending.ENDED,
        Ending.UNTRUSTED,
        Ending.VOID,
        Ending.ABSENT,
    ):
        count = sum(line.grade.ending == ending for line in summary.lines)
        counts += [f"{count} {ending}"] if count else []
    half = (
        f"{number(median(line.points for line in graded))} of {number(summary.full)}"
        if graded
        else "—"
    )
    return element(
        "div",
        element("p", "Grades", class_="kicker"),
        element("h1", summary.title, dir="auto"),
        element("p", " · ".join(counts), class_="verdict"),
        element("p", f"Median of those graded: {half} points.", class_="verdict"),
        class_="hero",
    )


def foot(summary: Summary) -> str:
    """What was graded, by which kit."""
    asked = " ".join(summary.options) or "everything"
    part = "" if summary.shard == (1, 1) else f" Shard {shard_text(summary)}."
    return f"Graded: {asked}. Sandbox: {summary.sandbox}. Kit: {summary.kit}.{part}"


def counted(count: int, what: str) -> str:
    """A number of things.

    >>> counted(1, "submission"), counted(2, "submission")
    ('1 submission', '2 submissions')
    """
    return f"{count} {what}{'s' * (count != 1)}"


def sections(summary: Summary) -> Iterator[Section]:
    """The sections that have something to show."""
    if summary.full:
        line = "How many submissions have how many points, after late days."
        yield Section("points", "Points", "Points", line, histogram(summary))
    line = "How many submissions pass each of them."
    yield Section("units", "Units", "Checkpoints and milestones", line, unit_bars(summary))
    if found := worst_exercises(summary):
        line = "Where specs find something wrong in most submissions. What is not written yet does not count."
        yield Section(
            "exercises", "What goes wrong", "What goes wrong", line, exercise_list(summary, found)
        )
    if noticed := flagged(summary):
        text = "What the grader noticed. Flags and likeness cost no points: a person has to decide."
        yield Section("flags", "To look at", "To look at", text, noticed)
    if slow := slowest(summary):
        line = "The runs that took the most CPU time."
        yield Section("times", "Times", "Longest runs", line, times(slow))
    line = "Every submission. The CSV beside this page has the same."
    yield Section("all", "Table", "Everybody", line, class_table(summary), across=True)


def bins(points: Sequence[float], full: float) -> list[tuple[str, int]]:
    """(label, count) of each bar of the histogram.

    >>> bins([0, 1, 1, 3], 3)
    [('0', 1), ('1', 2), ('2', 0), ('3', 1)]
    >>> bins([0, 50, 100], 100)[-1]
    ('90–100', 1)
    """
    if full <= FEW and all(float(value).is_integer() for value in (*points, full)):
        return [(str(n), sum(value == n for value in points)) for n in range(int(full) + 1)]
    places = [min(BINS - 1, int(BINS * value / full)) for value in points]
    edges = [number(full * n / BINS) for n in range(BINS + 1)]
    return [(f"{edges[n]}–{edges[n + 1]}", places.count(n)) for n in range(BINS)]


def histogram(summary: Summary) -> Markup:
    """The histogram in every shape."""
    found = bins([line.points for line in summary.lines], summary.full)
    return element("div", *(bars_of(found, shape) for shape in SHAPES), class_="histogram-box")


def bars_of(found: Sequence[tuple[str, int]], shape: str) -> Markup:
    """The histogram for one width of the screen."""
    width, height = SHAPES[shape]
    step = (width - 2 * MARGIN) / len(found)
    most = max(1, *(count for _, count in found))
    parts: list[Markup] = []
    for place, (label, count) in enumerate(found):
        middle = MARGIN + (place + 0.5) * step
        tall = (height - FOOT - HEAD) * count / most
        top = height - FOOT - tall
        parts.append(
            element(
                "rect", x=middle - 0.42 * step, y=top, width=0.84 * step, height=tall, class_="fill"
            )
        )
        if count:
            parts.append(element("text", str(count), x=middle, y=top - 6, class_="count"))
        short = label if place == len(found) - 1 else label.partition("–")[0]
        parts.append(element("text", short, x=middle, y=height - 8, class_="edge"))
    base = element("path", d=f"M{MARGIN} {height - FOOT}H{width - MARGIN}", class_="base")
    told = "; ".join(f"{label} points: {count}" for label, count in found)
    return drawing(
        "histogram", shape, (width, height), "Points", f"{told}.", *parts, base, width=width
    )


def meter(share: float) -> Markup:
    """A bar that a number beside it tells, too."""
    return element(
        "svg",
        element("rect", x=0, y=0, width=BAR, height=THICK, class_="track"),
        element("rect", x=0, y=0, width=BAR * share, height=THICK, class_="fill"),
        viewBox=f"0 0 {BAR} {THICK}",
        preserveAspectRatio="none",
        aria_hidden="true",
        class_="meter",
    )


def unit_bars(summary: Summary) -> Markup:
    """A bar for each unit."""
    total = len(summary.lines)
    rows = []
    for unit in summary.units:
        count = passed_by(summary, unit)
        rows.append(bar_row(unit.label, count / max(1, total), f"{count} of {total}"))
    return items(rows, class_="meters")


def bar_row(name: str, share: float, told: str) -> Markup:
    return join(
        element("span", name, class_="name"), meter(share), element("span", told, class_="count")
    )


def exercise_list(summary: Summary, found: Sequence[tuple[str, str, int]]) -> Markup:
    """The exercises that go wrong most often, each with a bar."""
    total = max(1, len(summary.lines))
    rows = [
        bar_row(f"{unit}: {clean(exercise)}", count / total, counted(count, "submission"))
        for unit, exercise, count in found
    ]
    return items(rows, class_="meters wrong")


def slowest(summary: Summary) -> list[Line]:
    """The submissions that took longest, the longest first."""
    ran = [line for line in summary.lines if line.grade.cpu]
    return sorted(ran, key=lambda line: -line.grade.cpu)[:LONGEST]


def times(slow: Sequence[Line]) -> Markup:
    """The longest runs, each with a bar."""
    most = slow[0].grade.cpu
    rows = [bar_row(who(line), line.grade.cpu / most, f"{line.grade.cpu:.1f} s") for line in slow]
    return items(rows, class_="meters")


def class_table(summary: Summary) -> Markup:
    """The table of all submissions. On a narrow screen it scrolls in its own box."""
    heads = [element("th", "Submission", scope="col"), element("th", "Points", scope="col")]
    heads += [unit_head(unit) for unit in summary.units]
    rows = [table_row(summary, line, place) for place, line in enumerate(summary.lines)]
    table = element(
        "table",
        element("caption", "Points and states of every submission"),
        element("thead", element("tr", *heads)),
        element("tbody", *rows),
        class_="class",
    )
    return element(
        "div", table, class_="scrolls", tabindex=0, role="region", aria_label="All grades"
    )


def unit_head(unit: Graded) -> Markup:
    short, _, rest = unit.label.partition(" ")
    name = element("span", f" {rest}", class_="hidden")
    return element(
        "th", short, name, scope="col", title=f"{unit.label}, {number(unit.worth)} points"
    )


def table_row(summary: Summary, line: Line, place: int) -> Markup:
    """A submission: who, how many points, and a mark for each unit."""
    anchor = row_id(place)
    cells = [
        element("th", who(line), scope="row", dir="auto"),
        element("td", number(line.points), class_="points"),
    ]
    if line.grade.ending != Ending.GRADED:
        told = f"{line.grade.ending}: {ENDINGS[line.grade.ending]}"
        cells.append(element("td", told, colspan=max(1, len(summary.units)), class_="ending"))
        return element("tr", *cells, id=anchor)
    cells += [mark(line.grade.states.get(unit.id)) for unit in summary.units]
    return element("tr", *cells, id=anchor)


def mark(state: State | None) -> Markup:
    """The state of a unit in a cell: its mark, and its word for those who do not see it."""
    if state is None:
        return element("td", element("span", "borrowed", class_="hidden"), "·")
    name = states.state_word(state)
    word = element("span", name, class_="hidden")
    return element(
        "td", element("span", states.icon(name), word, class_=f"state {name}"), title=name
    )
