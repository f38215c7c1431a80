"""The part of the page of a class that says what to look at: flags, and submissions that are alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pytest_tinytorch.export.journey.markup import Markup, element, items, join
from pytest_tinytorch.grade.flags import Flag
from pytest_tinytorch.grade.similarity import REFERENCE, Alike, Pair
from pytest_tinytorch.grade.summary import Line, Summary, extent
from pytest_tinytorch.terminal.plaintext import harmless_text

MOST_PAIRS = 50
"""How many pairs the page shows."""
MOST_BODIES = 5
"""How many functions of a pair it shows."""
SIMILAR = (
    "Similar is not copied. Short functions, and what a docstring states as a formula, are alike by"
    " themselves; two people can have the same idea, or the same teacher. Code that the kit gives does not"
    " count. The weight is how many pieces of code two submissions share, where what many have counts less."
    " Read both places, and ask."
)


def flagged(summary: Summary) -> Markup | None:
    """What there is to look at in a class; None if there is nothing."""
    places = {line.id: place for place, line in enumerate(summary.lines)}
    lines = [line for line in summary.lines if any(noticed(line))]
    parts = []
    if lines:
        rows = [join(link(line, places), items(noticed(line))) for line in lines]
        parts.append(items(rows, class_="flags"))
    if summary.pairs:
        parts += [element("h3", "Alike"), element("p", SIMILAR, class_="note")]
        known = {line.id: line for line in summary.lines}
        shown = [pair_item(pair, known, places) for pair in summary.pairs[:MOST_PAIRS]]
        parts.append(items(shown, class_="flags"))
        if (more := len(summary.pairs) - MOST_PAIRS) > 0:
            parts.append(element("p", f"{more} more pairs are in summary.json.", class_="note"))
    return join(*parts) if parts else None


def noticed(line: Line) -> Iterator[Markup]:
    """What there is to look at in a submission; that it was late is no news."""
    for text in (line.grade.reason, *line.grade.remarks):
        if text:
            yield join(clean(text))
    reasons: dict[str, list[Flag]] = {}
    for flag in line.grade.flags:
        reasons.setdefault(flag.why, []).append(flag)
    for why, flags in reasons.items():
        found = [element("code", clean(flag.text)) for flag in flags]
        yield join(join(*found, by=", "), f": {why}")


def pair_item(pair: Pair, known: Mapping[str, Line], places: Mapping[str, int]) -> Markup:
    """Two submissions, and where they are alike."""
    others = [
        element("strong", "the worked solution") if one == REFERENCE else link(known[one], places)
        for one in (pair.first, pair.second)
    ]
    head = join(*others, by=" and ")
    bodies = [body_item(one) for one in pair.bodies[:MOST_BODIES]]
    if (more := pair.count - len(bodies)) > 0:
        bodies.append(join(f"and {more} more"))
    return join(head, f": {extent(pair)}", items(bodies))


def body_item(one: Alike) -> Markup:
    places = [element("code", clean(place)) for place in (one.first, one.second)]
    return join(f"{clean(one.name)}, {one.share:.0%}: ", join(*places, by=" and "))


def link(line: Line, places: Mapping[str, int]) -> Markup:
    """A student, with a link to their row in the table."""
    name = element("strong", who(line), dir="auto")
    return element("a", name, href=f"#{row_id(places[line.id])}")


def row_id(place: int) -> str:
    """The anchor of a row of the table."""
    return f"row-{place + 1}"


def who(line: Line) -> str:
    """A student as the page names them."""
    return clean(f"{line.name} ({line.id})" if line.name and line.name != line.id else line.id)


def clean(text: str) -> str:
    """Text that came from a student, in one line."""
    return " ".join(harmless_text(text).split())
