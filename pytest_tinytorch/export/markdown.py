"""Progress as Markdown, for the summary of a CI job or a page of one's own."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pytest_tinytorch.course.commands import lesson_command
from pytest_tinytorch.course.curriculum import Unit
from pytest_tinytorch.course.selection import unit_ranges
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.terminal.plaintext import harmless_text

MARKS = {
    State.PASSED: "✅",
    State.WRONG: "❌",
    State.BROKEN: "❌",
    State.TODO: "📝",
    State.STALE: "♻️",
    State.BORROWED: "🔗",
    State.LOCKED: "🔒",
}
SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|!~&])")


def markdown_page(progress: Progress) -> str:
    """A heading with the verdict, what is next, the tiers, the milestones, and what is the matter."""
    parts = [f"## tinytorch: {plain(progress.verdict_line())}", *learning_path_paragraph(progress)]
    parts += what_follows(progress)
    units = [unit for unit in progress.curriculum.checkpoints if unit not in progress.left_out]
    for tier in progress.curriculum.tiers:
        shown = [unit for unit in units if unit.number in tier.numbers]
        own = [unit for unit in shown if progress.is_on_path(unit)]
        text = f"{progress.count_passed(own)} of {len(own)}" if own else "borrowed"
        parts += [f"### {plain(tier.name)}: {text}", table(progress, shown)] if shown else []
    if progress.milestones:
        parts += ["### Milestones", table(progress, progress.milestones)]
    if progress.left_out:
        parts.append(f"Not on this path: {plain(unit_ranges(progress.left_out))}")
    parts += [f"> {plain(warning)}" for warning in progress.warnings]
    return "\n\n".join(parts) + "\n"


def learning_path_paragraph(progress: Progress) -> list[str]:
    """The learning path that is followed, as a paragraph; nothing without one."""
    line = progress.learning_path_line()
    return [f"**Path:** {plain(line)}"] if line else []


def what_follows(progress: Progress) -> list[str]:
    """What to do next, as a paragraph; nothing when all is done."""
    task = progress.next_task
    if task is not None and task.location:
        name = task.exercise or task.unit.name
        lesson = code(lesson_command(task.unit, task.exercise))
        return [f"**Next:** `{code(task.location)}`, {plain(name)}", f"**Lesson:** `{lesson}`"]
    current = progress.current
    if current is None:
        return []
    return [
        f"**Next:** `{current.command}`, {plain(current.title)}",
        f"**Lesson:** `{lesson_command(current)}`",
    ]


def table(progress: Progress, units: Sequence[Unit]) -> str:
    """Units as rows: state, name, specs of this run, and a word on what it means."""
    rows = ["| | | specs | |", "|---|---|---|---|"]
    for unit in units:
        state = progress.state[unit.id]
        mark = MARKS.get(state, "⚪")
        cells = (f"{mark} {state.words}", plain(unit.label), specs(progress, unit))
        rows.append(f"| {' | '.join(cells)} | {state_word(progress, unit)} |")
    return "\n".join(rows)


def specs(progress: Progress, unit: Unit) -> str:
    """How many specs of a unit passed, in this run or else when they last ran for this source."""
    verdict = progress.verdicts.get(unit.id)
    if verdict is not None:
        return f"{verdict.counts.get(State.PASSED, 0)} of {verdict.total}"
    passed, total = progress.recorded_counts.get(unit.id, (0, 0))
    return f"{passed} of {total}" if total else ""


def state_word(progress: Progress, unit: Unit) -> str:
    """What a unit's owner can now do, what it waits for, or what is the matter with it."""
    state = progress.state[unit.id]
    if state == State.PASSED:
        return plain(unit.capability)
    if state == State.LOCKED:
        return f"opens after {plain(unit_ranges(progress.opens_after(unit)))}"
    verdict = progress.verdicts.get(unit.id)
    if verdict is not None and state in (State.WRONG, State.BROKEN):
        return plain(verdict.headline)
    return plain(unit.question or unit.builds)


def plain(text: str) -> str:
    """Text in which nothing means anything to Markdown or HTML: a learner's message may hold both."""
    return SPECIAL.sub(r"\\\1", " ".join(harmless_text(text).split()))


def code(text: str) -> str:
    """Text between backticks."""
    return " ".join(harmless_text(text).replace("`", "'").replace("|", "/").split())
