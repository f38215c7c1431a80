"""The sections of the page, in the order in which it tells them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.export.journey import charts, flow, needs, phrases, states, timeline, units
from pytest_tinytorch.export.journey.markup import Markup, element, items, join
from pytest_tinytorch.export.journey.pictures import Picture


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Attributes:
        id: what links point to.
        link: its name in the navigation.
        heading: its name on the page.
        line: what it shows, in a sentence or two.
        content: it.
        across: whether it takes the whole width; else its heading stands beside it.
    """

    id: str
    link: str
    heading: str
    line: str
    content: Markup
    across: bool = False


def all_sections(progress: Progress, pictures: Sequence[Picture]) -> list[Section]:
    """Every section that the curriculum has something for."""
    curriculum = progress.curriculum
    return [
        _way(progress),
        *([_years(progress, pictures)] if curriculum.milestones else []),
        _capabilities(progress),
        _needs(progress),
        *([_tiers(progress)] if curriculum.tiers or curriculum.stages else []),
        _climb(progress),
        _steps(progress),
        _next(progress),
    ]


def section_element(section: Section) -> Markup:
    """A section with its heading."""
    heading = f"{section.id}-heading"
    head = element(
        "div",
        element("h2", section.heading, id=heading),
        element("p", section.line),
        class_="section-head",
    )
    return element(
        "section",
        head,
        element("div", section.content, class_="section-body"),
        id=section.id,
        class_="across" if section.across else None,
        aria_labelledby=heading,
    )


def _way(progress: Progress) -> Section:
    shapes = join(*(flow.flow_pictures(progress, shape) for shape in flow.SHAPES))
    line = "The course in the order of its checkpoints, and the milestones where they open."
    return Section("way", "Way", "The way", line, join(shapes, _legend(progress)), across=True)


def _legend(progress: Progress) -> Markup:
    """The states that occur, with their marks, how often, and what each means."""
    count = Counter(progress.state.values())
    found = (
        join(
            states.state_badge(state),
            element("span", str(count[state]), class_="count"),
            element("span", meaning, class_="meaning"),
        )
        for state, meaning in states.MEANINGS.items()
        if count[state]
    )
    return items(found, class_="legend", aria_label="What the marks mean, and how many there are")


def _years(progress: Progress, pictures: Sequence[Picture]) -> Section:
    years = sorted({unit.year for unit in progress.curriculum.milestones})
    heading = f"From {years[0]} to {years[-1]}" if len(years) > 1 else str(years[0])
    line = (
        "Each milestone is a moment of history, relived with your own code. "
        "A bar is your number; the stroke across it is the threshold."
    )
    return Section("years", "Years", heading, line, timeline.milestone_list(progress, pictures))


def _capabilities(progress: Progress) -> Section:
    line = "Each sentence is proved: all of its specs passed for the current source."
    drawn = timeline.capabilities(progress)
    return Section("capabilities", "I can", "What I can do", line, drawn)


def _needs(progress: Progress) -> Section:
    line = (
        "Each checkpoint is below those that it needs. Lines that follow from others are left out."
    )
    text = element(
        "p",
        "Point at a checkpoint to see what it needs.",
        id="told",
        class_="told",
        hidden=True,
    )
    drawn = join(*(needs.needs_pictures(progress, shape) for shape in needs.SHAPES), text)
    return Section("needs", "Needs", "What needs what", line, drawn)


def _tiers(progress: Progress) -> Section:
    curriculum = progress.curriculum
    groups = (("Tiers", curriculum.tiers), ("Stages", curriculum.stages))
    drawn = join(*(charts.bars(progress, found, kind) for kind, found in groups if found))
    line = "Tiers follow the weeks of the course; stages follow the life of a model."
    return Section("tiers", "Tiers", "Tiers and stages", line, drawn)


def _climb(progress: Progress) -> Section:
    drawn = join(*(charts.climb(progress, shape) for shape in charts.CLIMBS))
    line = (
        "How hard each checkpoint is, from one star to five, and where the milestones open. "
        "A solid dot is passed."
    )
    return Section("climb", "Climb", "The climb", line, drawn, across=True)


def _steps(progress: Progress) -> Section:
    line = "All details of each checkpoint and milestone."
    unfold = element("button", "Open all", type="button", id="unfold", hidden=True)
    drawn = join(element("p", unfold, class_="controls"), units.sections(progress))
    return Section("steps", "Steps", "Step by step", line, drawn)


def _next(progress: Progress) -> Section:
    line = "One thing at a time."
    return Section("next", "Next", "What to do next", line, phrases.next_step(progress))
