"""The top of the page: navigation, the learner's place, and what to know first."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_tinytorch.course.curriculum import NamedCheckpoints
from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.export.journey import phrases, ruler, states
from pytest_tinytorch.export.journey.markup import Markup, element, items, join
from pytest_tinytorch.export.journey.sections import Section


def bar(progress: Progress, sections: Sequence[Section]) -> Markup:
    """The name of the course, links to the sections, and the theme. The script shows the button."""
    theme = element("button", "Dark", type="button", id="theme", aria_pressed="false", hidden=True)
    return element("header", *names(progress, sections), theme)


def names(progress: Progress, sections: Sequence[Section]) -> list[Markup]:
    """The name of the course, and links to the sections."""
    found = items(element("a", section.link, href=f"#{section.id}") for section in sections)
    brand = element("p", states.icon("torch", "torch"), progress.curriculum.title, class_="brand")
    return [brand, element("nav", found, aria_label="Sections")]


def hero(progress: Progress) -> Markup:
    """Where the learner stands, in years and in numbers, and the next step."""
    where = ruler.position(progress)
    rulers = (
        [ruler.ruler_pictures(progress, where, shape) for shape in ruler.SHAPES] if where else []
    )
    return element(
        "div",
        element("p", _span(progress), class_="kicker"),
        element("h1", where.headline if where else progress.curriculum.title),
        element("p", progress.verdict_line(), class_="verdict"),
        *rulers,
        element(
            "div",
            element(
                "section",
                element("h2", "Next", id="first-heading"),
                phrases.next_step(progress),
                aria_labelledby="first-heading",
            ),
            _remarks(progress),
            class_="beside",
        ),
        class_="hero",
    )


def _span(progress: Progress) -> str:
    years = sorted({unit.year for unit in progress.curriculum.milestones})
    if len(years) < 2:
        return "A journey"
    return f"A journey from {years[0]} to {years[-1]}"


def _remarks(progress: Progress) -> Markup | None:
    """What is newly passed, the followed path, and warnings."""
    parts: list[str] = []
    if progress.newly_passed:
        units = [progress.curriculum.unit(unit_id) for unit_id in progress.newly_passed]
        parts.append(element("p", "Passed in this run: ", phrases.links(units), "."))
    if progress.learning_path is not None:
        parts.append(_path(progress, progress.learning_path))
    elif progress.borrowed and not progress.reference:
        parts.append(element("p", f"Borrowed: {phrases.range_text(progress.borrowed)}."))
    if not progress.grants:
        parts.append(element("p", "This run ignored the gate, so it granted nothing."))
    parts += [
        element("p", element("strong", "Warning: "), warning, class_="warning")
        for warning in progress.warnings
    ]
    return element("div", *parts, class_="remarks") if parts else None


def _path(progress: Progress, path: NamedCheckpoints) -> Markup:
    """The path, what it contains, and what it borrows."""
    checkpoints = progress.curriculum.checkpoints
    own = phrases.range_text(unit for unit in checkpoints if unit.number in path.numbers)
    borrowed = phrases.range_text(progress.borrowed)
    left_out = phrases.range_text(progress.left_out)
    weeks = f", {phrases.dashed(path.weeks)} weeks" if path.weeks else ""
    return element(
        "p",
        join("You follow the path ", element("strong", path.name), f"{weeks}: {own}."),
        f" Borrowed: {borrowed}." if borrowed else None,
        f" Not on it: {left_out}." if left_out else None,
    )


def foot() -> Markup:
    """The end of the page."""
    return element("footer", element("p", "This page is a single file, to keep and to share."))
