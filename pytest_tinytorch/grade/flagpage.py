"""The parts of the page of a class that say what to look at: flags, and submissions that are alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pytest_tinytorch.export.journey.markup import Markup, element, items, join
from pytest_tinytorch.grade.flags import Flag
from pytest_tinytorch.grade.grades import Ending
from pytest_tinytorch.grade.rings import Ring
from pytest_tinytorch.grade.similarity import Alike, Common, Pair
from pytest_tinytorch.grade.summary import Line, Summary, counted, extent
from pytest_tinytorch.terminal.plaintext import harmless_text

MOST_RINGS = 50
"""How many rings of submissions that are alike the page shows."""
MOST_NAMES = 6
"""How many of a ring are named before the rest is folded; one is not worth folding."""
MOST_LINKS = 20
"""How many pairs of a ring it shows."""
MOST_BODIES = 5
"""How many functions of a pair it shows."""
SIMILAR = (
    "Similar is not copied. Short functions, and what a docstring states as a formula, are alike by"
    " themselves; two people can have the same idea, or the same teacher. Code that the kit gives does not"
    " count. The weight is how many pieces of code two submissions share, where what many have counts less."
    " Read both places, and ask."
)


COMMON = (
    "These files are the same in several submissions, but for names and order. So many have them that what is"
    " in them counts too little to compare it. If you gave them out yourself, that is why; if not, ask."
)


def flagged(summary: Summary) -> Markup | None:
    """What there is to look at in each submission of a class; None if there is nothing."""
    rows = [
        element("li", link(line, place), items(found), id=flag_id(place))
        for place, line in enumerate(summary.lines)
        if (found := [*noticed(line)])
    ]
    return element("ul", *rows, class_="flags") if rows else None


def noticed(line: Line) -> Iterator[Markup]:
    """What there is to look at in a submission; that it was late, or is not there, is no news."""
    for text in (line.grade.reason, *line.grade.remarks):
        if text and line.grade.ending != Ending.ABSENT:
            yield join(clean(text))
    reasons: dict[str, list[Flag]] = {}
    for flag in line.grade.flags:
        reasons.setdefault(flag.why, []).append(flag)
    for why, flags in reasons.items():
        found = [element("code", clean(flag.text)) for flag in flags]
        yield join(join(*found, by=", "), f": {why}")


def alike(summary: Summary, rings: Sequence[Ring]) -> Markup:
    """The submissions that are alike, an entry for each ring of them."""
    links = {line.id: link(line, place) for place, line in enumerate(summary.lines)}
    entries = items((ring_item(ring, links) for ring in rings[:MOST_RINGS]), class_="flags")
    more = len(rings) - MOST_RINGS
    rest = f"{more} more are in summary.json, pair by pair." if more > 0 else ""
    same = items((common_item(one, links) for one in summary.common), class_="flags")
    parts = [element("p", SIMILAR, class_="note"), entries if rings else None]
    parts += [element("p", rest, class_="note")] if rest else []
    parts += [element("p", COMMON, class_="note"), same] if summary.common else []
    return join(*parts)


def common_item(one: Common, links: Mapping[str, Markup]) -> Markup:
    """A file that many have in the same form, and who they are."""
    text = f"{one.file}, {counted(len(one.ids), 'submission')}"
    text += " and the worked solution" if one.is_solution else ""
    return join(element("strong", clean(text)), ": ", names_of(one.ids, links))


def ring_item(ring: Ring, links: Mapping[str, Markup]) -> Markup:
    """Submissions that are alike: the pair that shares most with its places, and the others folded."""
    first, *others = ring.pairs
    if not others:
        return pair_item(first, links)
    count = counted(len(ring.members), "submission")
    text = f"{count} and the worked solution" if ring.solution else count
    head = join(element("strong", text), ": ", names_of(ring.members, links))
    found = [pair_item(pair, links) for pair in others[:MOST_LINKS]]
    if (more := len(others) - MOST_LINKS) > 0:
        found.append(join(f"{more} more pairs are in summary.json"))
    fold = element("summary", "What the others share")
    return join(head, items([pair_item(first, links)]), element("details", fold, items(found)))


def names_of(members: Sequence[str], links: Mapping[str, Markup]) -> Markup:
    """Who is in a ring: some of them, and of many the others folded."""
    shown = MOST_NAMES if len(members) > MOST_NAMES + 1 else len(members)
    first, rest = (
        join(*(links[one] for one in some), by=", ") for some in (members[:shown], members[shown:])
    )
    if not rest:
        return first
    fold = element("summary", f"and {len(members) - shown} more")
    return join(first, element("details", fold, rest))


def pair_item(pair: Pair, links: Mapping[str, Markup]) -> Markup:
    """Two submissions, and where they are alike."""
    solution = element("strong", "the worked solution")
    head = join(links[pair.first], links.get(pair.second, solution), by=" and ")
    bodies = [body_item(one) for one in pair.bodies[:MOST_BODIES]]
    if (more := pair.count - len(bodies)) > 0:
        bodies.append(join(f"and {more} more"))
    return join(head, f": {extent(pair)}", items(bodies))


def body_item(one: Alike) -> Markup:
    places = [element("code", clean(place)) for place in (one.first, one.second)]
    return join(f"{clean(one.name)}, {one.share:.0%}: ", join(*places, by=" and "))


def link(line: Line, place: int) -> Markup:
    """A student, with a link to their row in the table."""
    name = element("strong", who(line), dir="auto")
    return element("a", name, href=f"#{row_id(place)}")


def row_id(place: int) -> str:
    """The anchor of a row of the table."""
    return f"row-{place + 1}"


def flag_id(place: int) -> str:
    """The anchor of what there is to look at in the submission of that row."""
    return f"flag-{place + 1}"


def who(line: Line) -> str:
    """A student as the page names them."""
    return clean(f"{line.name} ({line.id})" if line.name and line.name != line.id else line.id)


def clean(text: str) -> str:
    """Text that came from a student, in one line."""
    return " ".join(harmless_text(text).split())
