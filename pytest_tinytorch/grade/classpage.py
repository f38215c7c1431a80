"""The page of a class: one file for the instructor, which loads nothing and runs no script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import mean, median

from pytest_tinytorch.export.journey import page, states
from pytest_tinytorch.export.journey.markup import Markup, drawing, element, items, join
from pytest_tinytorch.export.journey.sections import Section, section_element
from pytest_tinytorch.grade.classtable import class_table
from pytest_tinytorch.grade.flagpage import alike, clean, flagged, noticed, who
from pytest_tinytorch.grade.grades import Ending
from pytest_tinytorch.grade.rings import ring_by_member, rings_of
from pytest_tinytorch.grade.summary import (
    Line,
    Summary,
    counted,
    number,
    passed_by,
    shard_text,
    worst_exercises,
)

STYLE = Path(__file__).with_name("classpage.css")
SHAPES = {"wide": (720, 240), "narrow": (340, 220)}
"""Name of each shape of the histogram to the size of its canvas."""
MARGIN, FOOT, HEAD = 8, 26, 20
BINS = (10, 8, 12, 9, 11, 7, 6, 5)
"""Into how many bars points are put, where there are more values than `FEW`: the first with whole edges."""
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
    """How many submissions there are, how they stand, and what numbers about the class count."""
    endings = [line.grade.ending for line in summary.lines]
    handed_in = len(endings) - endings.count(Ending.ABSENT)
    counts = [f"{endings.count(Ending.GRADED)} of {counted(handed_in, 'submission')} graded"]
    for ending in (one for one in Ending if one != Ending.GRADED and one in endings):
        counts.append(f"{endings.count(ending)} {ending}")
    return element(
        "div",
        element("p", "Grades", class_="kicker"),
        element("h1", summary.title, dir="auto"),
        element("p", " · ".join(counts), class_="verdict"),
        element("p", middle(summary), class_="verdict"),
        look_line(summary),
        class_="hero",
    )


def middle(summary: Summary) -> str:
    """Median and mean of the points, and of how many they are."""
    points = [line.points for line in summary.counted]
    if not points:
        return "No submission has points to count yet."
    of = f"of {number(summary.full)} points, over {counted(len(points), 'submission')}"
    return (
        f"Median {number(median(points))}, mean {number(mean(points))} {of}. {not_counted(summary)}"
    )


def look_line(summary: Summary) -> Markup | None:
    """How many submissions there is something to look at in, with links; None if there are none."""
    flags = sum(any(noticed(line)) for line in summary.lines)
    rings = ring_by_member(rings_of(summary.pairs))
    found = [element("a", f"{flags} with flags", href="#flags")] if flags else []
    found += [element("a", f"{len(rings)} alike", href="#alike")] if rings else []
    return element("p", "To look at: ", join(*found, by=", "), class_="verdict") if found else None


def not_counted(summary: Summary) -> str:
    """Who is in no number about the class, as a sentence; empty if all are."""
    return f"Not counted: {summary.left_out}." if summary.left_out else ""


def foot(summary: Summary) -> str:
    """What was graded, by which kit."""
    asked = " ".join(summary.options) or "everything"
    part = "" if summary.shard == (1, 1) else f" Shard {shard_text(summary)}."
    return f"Graded: {asked}. Sandbox: {summary.sandbox}. Kit: {summary.kit}.{part}"


def sections(summary: Summary) -> Iterator[Section]:
    """The sections that have something to show: grades first, then what they say, then what to look at."""
    rings = rings_of(summary.pairs)
    if summary.full:
        line = f"How many submissions have how many points, after late days. {not_counted(summary)}"
        yield Section("points", "Points", "Points", line, histogram(summary))
    line = "Every student. Below each unit stand its points. grades.csv, beside this page, has the same."
    table = class_table(summary, ring_by_member(rings))
    yield Section("all", "Table", "Everybody", line, table, across=True)
    line = f"How many submissions pass each of them. {not_counted(summary)}"
    yield Section("units", "Units", "Checkpoints and milestones", line, unit_bars(summary))
    if found := worst_exercises(summary):
        line = "Where specs find something wrong in most submissions. What is not written yet does not count."
        yield Section(
            "exercises", "What goes wrong", "What goes wrong", line, exercise_list(summary, found)
        )
    if noticed := flagged(summary):
        text = "What the grader noticed. A flag costs no points: a person has to decide."
        yield Section("flags", "To look at", "To look at", text, noticed)
    if rings or summary.common:
        text = "Who shares more with another one of the same entry than independent work does."
        yield Section("alike", "Alike", "Alike", text, alike(summary, rings))
    if slow := slowest(summary):
        line = "The runs that took the most CPU time."
        yield Section("times", "Times", "Longest runs", line, times(slow))


def bins(points: Sequence[float], full: float) -> list[tuple[str, int]]:
    """(label, count) of each bar of the histogram.

    >>> bins([0, 1, 1, 3], 3)
    [('0', 1), ('1', 2), ('2', 0), ('3', 1)]
    >>> bins([0, 50, 100], 100)[-1]
    ('90–100', 1)
    >>> bins([31], 32)[-1]
    ('28–32', 1)
    """
    if full <= FEW and all(float(value).is_integer() for value in (*points, full)):
        return [(str(n), sum(value == n for value in points)) for n in range(int(full) + 1)]
    many = next((n for n in BINS if (full / n).is_integer()), BINS[0])
    places = [min(many - 1, int(many * value / full)) for value in points]
    edges = [number(full * n / many) for n in range(many + 1)]
    return [(f"{edges[n]}–{edges[n + 1]}", places.count(n)) for n in range(many)]


def histogram(summary: Summary) -> Markup:
    """The histogram in every shape."""
    found = bins([line.points for line in summary.counted], summary.full)
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
        first, dash, last = label.partition("–")
        edge = middle - 0.5 * step if dash else middle
        parts.append(element("text", first, x=edge, y=height - 8, class_="edge"))
        if dash and place == len(found) - 1:
            parts.append(element("text", last, x=edge + step, y=height - 8, class_="edge"))
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
    total = len(summary.counted)
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
    total = max(1, len(summary.counted))
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
