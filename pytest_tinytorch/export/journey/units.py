"""A section for each checkpoint and milestone, to open and close, with all its details."""

from __future__ import annotations

from pytest_tinytorch.course.curriculum import Unit
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.evidence.progress import GroupCount, Progress
from pytest_tinytorch.export.journey import flow, numbers, phrases, states, timeline
from pytest_tinytorch.export.journey.markup import Markup, element, items, join

TASKS = 12
"""How many tasks of a unit are listed."""


def sections(progress: Progress) -> Markup:
    """All units in the order of the flow, under their tiers."""
    parts: list[str] = []
    for tier, units in flow.tiered(progress.curriculum):
        if tier is not None:
            parts.append(element("h3", tier.name))
        parts += [section(progress, unit, level="h4" if tier else "h3") for unit in units]
    return join(*parts)


def section(progress: Progress, unit: Unit, level: str) -> Markup:
    """A unit: a line that opens, and its details. The current one is open."""
    word = states.word_of(progress, unit)
    here = progress.current is not None and progress.current.id == unit.id
    name = element(
        level, element("span", str(unit.year or unit.number), class_="number"), " ", unit.title
    )
    summary = element(
        "summary",
        states.icon(word, "big"),
        name,
        element("span", states.spoken(word), class_="word"),
        class_=word,
    )
    return element(
        "details",
        summary,
        _body(progress, unit),
        open=here,
        class_=f"unit {word}",
    )


def _body(progress: Progress, unit: Unit) -> Markup:
    """The id is inside, so that a link to it opens the section without a script."""
    state = progress.state[unit.id]
    standing = timeline.standing(progress, unit)
    question = unit.question or f"To prove: {unit.builds}."
    return element(
        "div",
        element("p", unit.capability if state == State.PASSED else question, class_="statement"),
        element("p", *standing, class_="standing") if standing else None,
        _matter(progress, unit),
        _tasks(progress, unit),
        _groups(progress, unit),
        numbers.table(progress, unit) if unit.is_milestone else None,
        _facts(progress, unit),
        id=unit.id,
        class_="body",
        tabindex=-1,
    )


def _matter(progress: Progress, unit: Unit) -> Markup | None:
    """The first problem that this run found."""
    verdict = progress.verdicts.get(unit.id)
    if (
        verdict is None
        or not verdict.headline
        or progress.state[unit.id] not in (State.WRONG, State.BROKEN)
    ):
        return None
    return element("p", verdict.headline, class_="matter")


def _tasks(progress: Progress, unit: Unit) -> Markup | None:
    own = [task for task in progress.tasks if task.unit.id == unit.id and task.location]
    if not own:
        return None
    more = [f"and {len(own) - TASKS} more"] if len(own) > TASKS else []
    return items([*map(phrases.task_line, own[:TASKS]), *more], class_="tasks")


def _groups(progress: Progress, unit: Unit) -> Markup | None:
    """The sub-capabilities that this run tried, each with its count."""
    groups = progress.groups.get(unit.id, ())
    if not groups:
        return None
    return items(map(_group, groups), class_="subs", aria_label="Sub-capabilities, specs passed")


def _group(group: GroupCount) -> Markup:
    mark = State.PASSED if group.passed == group.total else "open"
    return join(
        states.icon(mark, mark),
        element("span", group.name or "other"),
        element("span", f"{group.passed} of {group.total}", class_="count"),
    )


def _specs(progress: Progress, unit: Unit) -> str:
    """How many specs passed, in this run or else in the ledger's last run for this source."""
    verdict = progress.verdicts.get(unit.id)
    if verdict is not None:
        return f"{verdict.counts.get(State.PASSED, 0)} of {verdict.total} passed"
    passed, total = progress.recorded_counts.get(unit.id, (0, 0))
    return f"{passed} of {total} passed, when they last ran" if total else ""


def _facts(progress: Progress, unit: Unit) -> Markup:
    """The facts that do not depend on the state."""
    curriculum = progress.curriculum
    needs = [curriculum.unit(need) for need in unit.needs]
    opens = [other for other in curriculum.units if unit.id in other.needs]
    facts: list[tuple[str, str]] = [("Builds" if not unit.is_milestone else "Proves", unit.builds)]
    if specs := _specs(progress, unit):
        facts.append(("Specs", specs))
    if unit.stars:
        facts.append(("Difficulty", f"{unit.stars} of 5 stars"))
    if needs:
        facts.append(("Needs", phrases.links(needs)))
    if opens:
        facts.append(("Opens", phrases.links(opens)))
    run = element(
        "div", element("dt", "Run"), element("dd", phrases.command(unit.command)), class_="run"
    )
    rows = (element("div", element("dt", name), element("dd", value)) for name, value in facts)
    return element("dl", *rows, run, class_="facts")
