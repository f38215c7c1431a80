"""The table of a class on its page: a row for each student, a mark for each unit, and what the marks mean."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.export.journey import states
from pytest_tinytorch.export.journey.markup import Markup, element, items, join
from pytest_tinytorch.grade.flagpage import clean, flag_id, noticed, row_id
from pytest_tinytorch.grade.grades import ENDINGS, Ending
from pytest_tinytorch.grade.summary import Graded, Line, Summary, counted, number

MEANINGS: Mapping[str, str] = {
    **states.MEANINGS,
    State.NOT_RUN: "a spec could not be measured",
    State.BORROWED: "taken from the reference, for everybody",
}
"""What each state means in a class, in the order of the legend."""


def class_table(summary: Summary, alike: Collection[str]) -> Markup:
    """The table of all submissions, and its legend. On a narrow screen the table scrolls in its own box.

    Args:
        summary: of the class.
        alike: ids of those that are alike with others.
    """
    looks = [look_links(line, n, line.id in alike) for n, line in enumerate(summary.lines)]
    points = element("small", f"of {number(summary.full)}")
    heads = [element("th", "Student", scope="col"), element("th", "Points", points, scope="col")]
    heads += [element("th", "To look at", scope="col", class_="look")] if any(looks) else []
    heads += [unit_head(unit) for unit in summary.units]
    rows = [
        table_row(summary, line, place, looks[place] if any(looks) else None)
        for place, line in enumerate(summary.lines)
    ]
    table = element(
        "table",
        element("caption", "Points and states of every student"),
        element("thead", element("tr", *heads)),
        element("tbody", *rows),
        class_="class",
    )
    box = element(
        "div", table, class_="scrolls", tabindex=0, role="region", aria_label="All grades"
    )
    return join(box, legend(summary))


def legend(summary: Summary) -> Markup | None:
    """The marks that occur in the table, how often, and what each means; None if there are none."""
    cells = [
        line.grade.states.get(unit.id, State.BORROWED)
        for line in summary.lines
        if line.grade.ending == Ending.GRADED
        for unit in summary.units
    ]
    count = Counter(cells)
    found = [
        join(
            badge(state, element("span", word_of(state))),
            " ",
            element("span", str(count[State(state)]), class_="count"),
            " ",
            element("span", meaning, class_="meaning"),
        )
        for state, meaning in MEANINGS.items()
        if state in count
    ]
    label = "What the marks mean, and how many there are"
    return items(found, class_="legend", aria_label=label) if found else None


def unit_head(unit: Graded) -> Markup:
    """The number of a unit, what it is worth, and for those who point at it or do not see it its name."""
    short, _, rest = unit.label.partition(" ")
    name = element("span", f" {rest}", class_="hidden")
    told = f"{unit.label}, {number(unit.worth)} points"
    return element("th", short, name, element("small", number(unit.worth)), scope="col", title=told)


def table_row(summary: Summary, line: Line, place: int, look: Markup | None) -> Markup:
    """A student: who, how many points, what to look at, and a mark for each unit.

    Args:
        summary: of the class.
        line: of the student.
        place: of the line.
        look: links to what there is to look at; None if the table has no such column.
    """
    ending = line.grade.ending
    cells = [element("th", *name_and_id(line), scope="row", dir="auto"), points_cell(line)]
    cells += [element("td", look, class_="look")] if look is not None else []
    if ending != Ending.GRADED:
        told, kind = ENDINGS[ending], "ending" if line.counts else "ending uncounted"
        cells.append(element("td", told, colspan=max(1, len(summary.units)), class_=kind))
    else:
        cells += [mark(line.grade.states.get(unit.id, State.BORROWED)) for unit in summary.units]
    return element("tr", *cells, id=row_id(place))


def look_links(line: Line, place: int, alike: bool) -> Markup:
    """Links to what there is to look at in a submission; empty if there is nothing."""
    found = [element("a", "flags", href=f"#{flag_id(place)}")] if any(noticed(line)) else []
    found += [element("a", "alike", href="#alike")] if alike else []
    return join(*found, by=" ")


def name_and_id(line: Line) -> list[Markup]:
    """Who it is, and below that the id, if it is another one."""
    name, own = clean(line.name), clean(line.id)
    return [join(name), element("small", own)] if name and name != own else [join(own)]


def points_cell(line: Line) -> Markup:
    """The points, and why they are not those of the units."""
    points, ending = (number(line.points) if line.counts else "–"), line.grade.ending
    late = counted(line.late_days, "day") + " late" if line.kept < 1 else ""
    why = late if ending == Ending.GRADED else str(ending)
    return element("td", points, element("small", why) if why else None, class_="points")


def mark(state: State) -> Markup:
    """The state of a unit in a cell: its mark, and its word for those who do not see it."""
    word = element("span", word_of(state), class_="hidden")
    return element("td", badge(state, word), title=word_of(state))


def badge(state: str, word: Markup) -> Markup:
    """The mark of a state, and a word in its color."""
    name = states.state_word(state)
    return element("span", states.icon(name), word, class_=f"state {name}")


def word_of(state: str) -> str:
    """The name of a state on this page. What did not run is open elsewhere; here it was to be measured."""
    return "not measured" if state == State.NOT_RUN else state
