"""The sections of the page, in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.export.journey import charts, phrases, states, timeline, units
from pytest_tinytorch.export.journey.album import ALBUM
from pytest_tinytorch.export.journey.markup import Markup, element, items, join
from pytest_tinytorch.export.journey.pictures import Picture
from pytest_tinytorch.export.journey.views import view_of


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Attributes:
        id: what links point to.
        link: its name in the navigation.
        heading: its name on the page.
        line: what it shows, in a sentence or two.
        content: the content.
        across: whether it takes the whole width; otherwise its heading is next to it.
    """

    id: str
    link: str
    heading: str
    line: str
    content: Markup
    across: bool = False


def all_sections(progress: Progress, pictures: Sequence[Picture]) -> list[Section]:
    """Every section for which the curriculum has content."""
    curriculum = progress.curriculum
    return [
        _way(progress),
        *([_years(progress, pictures)] if curriculum.milestones else []),
        *([_levels(progress)] if curriculum.levels else []),
        _capabilities(progress),
        *([_paths(progress)] if curriculum.learning_paths else []),
        _workflow(progress),
        *([_datasets(progress)] if curriculum.datasets else []),
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


def picture(progress: Progress, name: str) -> Markup:
    """A picture of the album, with the learner's states."""
    return ALBUM[name](view_of(progress))


def _way(progress: Progress) -> Section:
    shapes = picture(progress, "way")
    line = "The course in the order of its checkpoints, and the milestones where they open."
    return Section("way", "Way", "The way", line, join(shapes, _legend(progress)), across=True)


def _legend(progress: Progress) -> Markup:
    """The states that occur, with their marks, how often, and what each means."""
    count = Counter(states.word_of(progress, unit) for unit in progress.curriculum.units)
    found = (
        join(
            states.state_badge(state),
            " ",
            element("span", str(count[states.state_word(state)]), class_="count"),
            element("span", meaning, class_="meaning"),
        )
        for state, meaning in states.MEANINGS.items()
        if count[states.state_word(state)]
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


def _levels(progress: Progress) -> Section:
    line = (
        "What you can claim, from your first arrays to a model that serves requests. You reach a level "
        "when you have passed everything in it, its milestones too."
    )
    return Section("levels", "Levels", "Levels of capability", line, picture(progress, "levels"))


def _paths(progress: Progress) -> Section:
    line = (
        "You need not do everything. Modules that a path needs but leaves out are borrowed. Weeks are an "
        "estimate for someone who learns next to other work."
    )
    heading = element("h3", "Time against depth") if picture(progress, "depth") else None
    drawn = join(picture(progress, "paths"), heading, picture(progress, "depth"))
    return Section("paths", "Paths", "Choose a path", line, drawn)


def _workflow(progress: Progress) -> Section:
    line = (
        "Every module follows this cycle. You spend most of your time between write, run and fix."
    )
    return Section("workflow", "Loop", "The workflow", line, picture(progress, "workflow"))


def _datasets(progress: Progress) -> Section:
    line = (
        "Start with small data that ships with the kit: each milestone takes seconds and no network. "
        "With --scale full, use the data of the papers, downloaded once. Areas show memory."
    )
    return Section("data", "Data", "Small data, then large", line, picture(progress, "datasets"))


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
    drawn = join(picture(progress, "needs"), text)
    return Section("needs", "Needs", "What needs what", line, drawn)


def _tiers(progress: Progress) -> Section:
    curriculum = progress.curriculum
    groups = (("Tiers", curriculum.tiers), ("Stages", curriculum.stages))
    drawn = join(*(charts.bars(view_of(progress), found, kind) for kind, found in groups if found))
    line = (
        "Tiers follow the weeks of the course; stages follow the life of a model. A percentage is the share "
        "of a checkpoint's specs that pass for the current source; nothing short of 100% is a pass."
    )
    return Section("tiers", "Tiers", "Tiers and stages", line, drawn)


def _climb(progress: Progress) -> Section:
    drawn = picture(progress, "climb")
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
