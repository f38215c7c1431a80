"""The milestones through history: what was proved, when, and with which numbers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from pytest_tinytorch.course.curriculum import Unit
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.export.journey import numbers, phrases, states
from pytest_tinytorch.export.journey.markup import Markup, element, join
from pytest_tinytorch.export.journey.pictures import LIMIT, Picture


def milestone_list(progress: Progress, pictures: Sequence[Picture]) -> Markup:
    """The milestones by year, with the number of years between them."""
    units = sorted(progress.curriculum.milestones, key=lambda unit: (unit.year, unit.number))
    gaps = [0, *(later.year - earlier.year for earlier, later in pairwise(units))]
    entries = (_entry(progress, u, gap, pictures) for u, gap in zip(units, gaps, strict=True))
    return element("ol", *entries, class_="years")


def _entry(progress: Progress, unit: Unit, gap: int, pictures: Sequence[Picture]) -> Markup:
    state, word = progress.state[unit.id], states.word_of(progress, unit)
    own = [picture for picture in pictures if picture.belongs_to(unit)]
    later = f"{gap} year{'s' * (gap != 1)} later"
    return element(
        "li",
        element("p", later, class_="gap") if gap else None,
        element(
            "h3",
            element("span", str(unit.year), class_="year"),
            " ",
            element("a", unit.title, href=f"#{unit.id}"),
        ),
        element("p", states.state_badge(word), *standing(progress, unit), class_="standing"),
        element("p", unit.capability if state == State.PASSED else f"To prove: {unit.builds}."),
        numbers.table(progress, unit),
        element("div", *map(figure, own), class_="pictures") if own else None,
        class_=f"entry {word}",
    )


def standing(progress: Progress, unit: Unit) -> list[Markup]:
    """What a unit waits for, when it was first passed, and its badge."""
    state, proof = progress.state[unit.id], progress.achievements.get(unit.id)
    parts: list[Markup] = []
    waits = progress.opens_after(unit) if state == State.LOCKED else ()
    if waits:
        parts.append(element("span", f"opens after {phrases.range_text(waits)}"))
    if proof is not None:
        parts.append(element("span", "first passed on ", phrases.date(proof.at)))
    if unit.badge and state == State.PASSED:
        parts.append(
            element("span", states.icon("torch", "torch"), f"Badge: {unit.badge}", class_="badge")
        )
    return parts


def figure(picture: Picture) -> Markup:
    """A picture with its caption, or only text if the picture is too large for a page."""
    if not picture.data:
        size, limit = (f"{count / 1000:.0f} kB" for count in (picture.bytes, LIMIT))
        text = f"{picture.name}.png is {size}, more than the {limit} that this page can include."
        return element("p", text, class_="left-out")
    width, height = picture.size
    image = element(
        "img", src=picture.address, alt=f"Plot: {picture.caption}", width=width, height=height
    )
    return element("figure", image, element("figcaption", picture.caption))


def capabilities(progress: Progress) -> Markup:
    """The capabilities that are passed, as sentences, or the first one that will be."""
    units = [unit for unit in progress.curriculum.units if progress.state[unit.id] == State.PASSED]
    if not units:
        first = progress.curriculum.units[0].capability
        return element("p", "Nothing is passed yet. The first will be: ", element("q", first))
    return element("ul", *(_sentence(progress, unit) for unit in units), class_="sentences")


def _sentence(progress: Progress, unit: Unit) -> Markup:
    proof = progress.achievements.get(unit.id)
    since = join(", ", phrases.date(proof.at)) if proof else None
    source = element("a", unit.label, href=f"#{unit.id}")
    return element("li", element("p", unit.capability), element("p", source, since, class_="aside"))
