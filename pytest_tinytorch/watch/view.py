"""What the terminal shows of a watched run: pure, from reports and progress to messages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from textwrap import wrap
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from pytest_tinytorch.course.commands import TITO
from pytest_tinytorch.course.curriculum import Curriculum
from pytest_tinytorch.evidence.causes import Cause, more_text
from pytest_tinytorch.evidence.outcomes import Outcome, State
from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.run import profiles
from pytest_tinytorch.run.loops import QUESTION
from pytest_tinytorch.run.message import LABEL_WIDTH, labeled_parts
from pytest_tinytorch.run.meter import seconds
from pytest_tinytorch.terminal import report, screen
from pytest_tinytorch.terminal.glyphs import PLAIN, STYLE, UNICODE, Glyphs
from pytest_tinytorch.terminal.layout import fold as fold_parts
from pytest_tinytorch.terminal.layout import last_line
from pytest_tinytorch.terminal.milestones import celebration_panel, milestones_to_celebrate
from pytest_tinytorch.watch.examples import PREVIEW_EXAMPLES
from pytest_tinytorch.watch.request import FIRST, FULL, NOTHING, PROGRESS, Request
from pytest_tinytorch.watch.shorter import shorter

HINT = re.compile(r"^(\s*Hint\s+)(?:pytest|tito) .*")
"""The line of a message that says which command gives a hint; here a key does."""
EXAMPLES = frozenset({"Called", "In short", "Example"})
"""The lines of a message that show the input."""
AS_DRAWN = "  This example is as it was drawn; the full verdict makes it smaller."
NARROW = 60
PRINTED_LINES = 10
URGENT = 3
"""How many of the specs that were wrong are tried in full in the next first look."""

Message = dict[str, Any]


@dataclass(frozen=True)
class Failure:
    """A spec that did not pass: its outcome, what is shown of it, and what the code printed on the way."""

    nodeid: str
    outcome: Outcome
    text: str
    printed: str = ""

    @property
    def state(self) -> State:
        return self.outcome.state


@dataclass(frozen=True)
class Slow:
    """A spec that takes long.

    Attributes:
        law: what it requires.
        used: the CPU time that it has used, in seconds.
        limit: the CPU time that it may use.
        exercise: that it is in, or another function of the learner's; empty if that is not known.
        file: of that, from the root; empty if that is not known.
        line: in it, from 1.
    """

    law: str
    used: float
    limit: float
    exercise: str = ""
    file: str = ""
    line: int = 0


def nothing_message(request: Request) -> Message:
    """Sent when a save can have changed no verdict."""
    text = "nothing here depends on it" if request.focus else "nothing you have begun depends on it"
    if request.saved is None:
        text = "everything is proved"
    return {"number": request.number, "beat": NOTHING, "text": text}


def progress_message(request: Request, done: int, total: int, slow: Slow | None = None) -> Message:
    """Sent while a run lasts; ``slow`` is a spec that may never end."""
    text = f"{done} of {total} specs so far"
    if slow is not None:
        used, limit = seconds(slow.used), seconds(slow.limit)
        text += f". One has used {used} of CPU time, and may use {limit}: {QUESTION} {slow.law}"
        text += f" It is in {slow.exercise}, {slow.file}:{slow.line}." if slow.file else ""
    told = asdict(slow) if slow is not None else None
    return {"number": request.number, "beat": PROGRESS, "text": text, "slow": told}


def syntax_message(request: Request, file: str, error: SyntaxError) -> Message:
    """The first look at a file that does not parse: one block with the line and a caret below it."""
    place = f"{file}:{error.lineno or 1}"
    line = (error.text or "").rstrip("\n").replace("\t", " ")
    number = f"  {error.lineno or 1:>4} "
    column = min(max(0, (error.offset or 1) - 1), len(line))
    cut = max(0, column + len(number) + 4 - request.width)  # the caret is always to be seen
    bar = "|" if request.plain else "\u2502"
    parts: list[RenderableType] = [
        Text("first look: broken", STYLE[State.BROKEN]),
        Text(f"{glyphs_of(request).wrong} {place}  {error.msg}", "bold red"),
        Text(f"{number}{bar} {line[cut : cut + request.width - len(number) - 3]}", no_wrap=True),
        Text(f"{' ' * len(number)}{bar} {' ' * (column - cut)}^", "bold red", no_wrap=True),
    ]
    return {
        "number": request.number,
        "beat": FIRST,
        "verdict": State.BROKEN,
        "red": None,
        "text": rendered(request, parts),
    }


def first_look_message(
    request: Request,
    kinds: Counter[State],
    red: Failure | None,
    total: int,
    curriculum: Curriculum,
    as_drawn: bool = False,
) -> Message:
    """The first look: a verdict on few examples, which grants nothing.

    Args:
        request: that it answers.
        kinds: how many specs came to what.
        red: the spec at which it has ended, if any.
        total: how many specs the run has.
        curriculum: has the hints.
        as_drawn: whether nobody has made the example of that spec smaller.
    """
    verdict = next(
        (kind for kind in (State.BROKEN, State.WRONG, State.TODO) if kinds[kind]), State.PASSED
    )
    text = f"first look ({PREVIEW_EXAMPLES} examples each, drawn in advance): "
    text += verdict.words if verdict != State.PASSED else "nothing wrong"
    text += f", {sum(kinds.values())} of {total} specs tried"
    parts: list[RenderableType] = [Text(text, STYLE[verdict])]
    if red is not None:
        parts += failure_lines(replace(red, text=shorter(red.text)), request.width)
        if as_drawn and not EXAMPLES.isdisjoint(labeled_parts(red.text)):
            parts += [Text(line, "dim") for line in fold(AS_DRAWN, request.width)]
    return {
        "number": request.number,
        "beat": FIRST,
        "verdict": verdict,
        "red": red.nodeid if red is not None else None,
        **hints_for(red, curriculum),
        "text": rendered(request, parts),
    }


def full_message(
    request: Request,
    progress: Progress,
    failures: Sequence[Failure],
    causes: Sequence[Cause],
    broken_files: Sequence[str],
) -> Message:
    """The full verdict, the same as from any run: what to fix first or what to do, then how far it is."""
    place = {nodeid: number for number, cause in enumerate(causes) for nodeid in cause.nodeids}
    leading = {cause.nodeids[0] for cause in causes}
    bad = [r for r in failures if r.state in (State.WRONG, State.BROKEN)]
    bad.sort(key=lambda r: (place.get(r.nodeid, len(place)), r.nodeid not in leading))
    verdict = worst_state(progress)
    exercise, hints = exercise_and_hints(progress, bad)
    parts: list[RenderableType] = [Text(headline(progress, verdict), STYLE.get(verdict, ""))]
    parts += [Text(text) for text in broken_files[:1]]
    parts += failure_lines(bad[0], request.width) if bad else []
    parts += [Text(f"  {more}", "dim") for more in map(more_text, causes[:1]) if more]
    glyphs = glyphs_of(request)
    if not bad:
        parts += report.todo_list(progress, request.width)
    parts += report.units_that_ran(progress, glyphs, request.width)
    parts += [
        celebration_panel(progress, progress.curriculum.unit(u), glyphs, TITO)
        for u in milestones_to_celebrate(progress)
    ]
    parts += capability_lines(progress)
    parts += [Text(f" ! {warning}", "yellow") for warning in progress.warnings]
    parts += report.opened_line(progress, request.width)
    parts += next_lines(progress, glyphs, request.width)
    parts += last_line(progress, glyphs, request.width)
    following = progress.current_checkpoint
    return {
        "number": request.number,
        "beat": FULL,
        "verdict": verdict,
        "asked": sorted(progress.selected),
        "failed": [r.nodeid for r in bad] + [r.nodeid for r in failures if r not in bad],
        "urgent": [r.nodeid for r in bad[:URGENT]],
        "exercise": exercise,
        "hints": hints,
        "next": following.number if following else None,
        "text": rendered(request, parts),
    }


def hints_for(red: Failure | None, curriculum: Curriculum) -> Message:
    """The exercise that a red spec blames, and its hints; nothing if it blames none."""
    if red is None or not (red.outcome.unit and red.outcome.exercise):
        return {}
    exercise = red.outcome.exercise
    hints = curriculum.unit(red.outcome.unit).hints.get(exercise, ())
    return {"exercise": exercise, "hints": list(hints)}


def exercise_and_hints(progress: Progress, bad: Sequence[Failure]) -> tuple[str, list[str]]:
    """The exercise that a hint would be about, and its hints: of what is shown, or else of what is next."""
    blamed = bad[0].outcome if bad else None
    if blamed is not None and blamed.unit and blamed.exercise:
        unit, exercise = progress.curriculum.unit(blamed.unit), blamed.exercise
    elif progress.next_task is not None:
        unit, exercise = progress.next_task.unit, progress.next_task.exercise
    else:
        return "", []
    return exercise, list(unit.hints.get(exercise, ()))


def worst_state(progress: Progress) -> State:
    """The worst of what was asked for."""
    states = {progress.state[unit] for unit in progress.selected}
    return next(
        (state for state in (State.BROKEN, State.WRONG, State.TODO) if state in states), None
    ) or next((state for state in sorted(states) if state != State.PASSED), State.PASSED)


def headline(progress: Progress, verdict: State) -> str:
    """The first line of a full verdict."""
    counts: Counter[State] = Counter()
    for one in progress.verdicts.values():
        counts.update(one.counts)
    counts[State.NOT_RUN] += sum(len(one.missing) for one in progress.verdicts.values())
    examples = profiles.current_examples()
    return (
        f"full verdict ({examples} examples each): {verdict.words},"
        f" {counts[State.PASSED]} of {sum(counts.values())} specs passed"
    )


def next_lines(progress: Progress, glyphs: Glyphs, width: int) -> list[RenderableType]:
    """What to do next: a key where a key does it, otherwise what any report says."""
    lines, following = report.next_step(progress, glyphs, width, TITO), progress.current_checkpoint
    if progress.next_task is not None or following is None:
        return lines
    key = Text(f"  press n  {glyphs.dash} {following.number} {following.title}")
    if following is not progress.current:  # a milestone comes first, and no key starts it
        return [*lines, fold_parts(Text(" Or", "bold"), key, width)]
    return [Text(""), fold_parts(Text(" Next", "bold"), key, width), lines[-1]]


def capability_lines(progress: Progress) -> list[RenderableType]:
    """What can now be done that could not be done before."""
    units = [progress.curriculum.unit(unit) for unit in progress.newly_passed]
    return [Text(f"{unit.label}: {unit.capability}", "bold green") for unit in units]


def failure_lines(red: Failure, width: int) -> list[RenderableType]:
    """The message of a red spec, and what the code printed on the way."""
    title, *rest = red.text.splitlines() or [red.nodeid]
    rest = [HINT.sub(r"\1press h", line) for line in rest]
    printed = red.printed.rstrip().splitlines()[-PRINTED_LINES:]
    if printed:
        rest += ["  Printed", *(f"    {line}" for line in printed)]
    lines = [folded for line in rest for folded in fold(line, width)]
    return [Text(title, "bold red"), *(Text(line) for line in lines)]


def fold(line: str, width: int) -> list[str]:
    """A line of a message on as many as it needs, the later ones indented as far as is sensible."""
    indent = LABEL_WIDTH + 2 if width >= NARROW else 4
    return wrap(line, width - 1, subsequent_indent=" " * indent, drop_whitespace=False) or [""]


def glyphs_of(request: Request) -> Glyphs:
    """The characters that the terminal can show."""
    return PLAIN if request.plain else UNICODE


def rendered(request: Request, parts: Sequence[RenderableType]) -> str:
    """Parts as text for the terminal."""
    return screen.rendered(Group(*parts), request.width, request.color, glyphs_of(request))
