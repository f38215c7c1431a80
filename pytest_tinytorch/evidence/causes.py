"""Which failures have one cause, and which cause to fix first: pure, for reports and for what is next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import Struct

from pytest_tinytorch.course.callgraph import Uses
from pytest_tinytorch.course.curriculum import Curriculum
from pytest_tinytorch.evidence.implementation import PACKAGE
from pytest_tinytorch.evidence.outcomes import Outcome, State

Key = tuple[str, ...]
"""What failures with one cause have in common."""

Red = tuple[str, str]
"""An exercise that is wrong: the id of its unit, and its name."""

UsesByUnit = Mapping[str, Uses]

RED = (State.WRONG, State.BROKEN)


class Cause(Struct, frozen=True):
    """Failures that one change should fix.

    Attributes:
        outcome: what the first of them came to.
        nodeids: the specs, in the order in which they were heard of.
        same: whether all of them say the same.
    """

    outcome: Outcome
    nodeids: tuple[str, ...]
    same: bool


def key_of(nodeid: str, outcome: Outcome) -> Key:
    """What an outcome has in common with others of the same cause.

    Nothing can be said of what comes after a file that cannot be imported, so that is one cause however
    many checkpoints depend on it. A loop is named by its function: two processes find it at two of its lines.
    What is wrong is named by its exercise.
    """
    place = f"{outcome.file}:{outcome.line}" if outcome.file else ""
    if outcome.state == State.BROKEN:
        return (str(outcome.state), outcome.function or place, outcome.headline)
    if outcome.exercise or place:
        return (str(outcome.state), outcome.unit or "", outcome.exercise or place)
    return (nodeid,)


def causes_of(
    outcomes: Mapping[str, Outcome], curriculum: Curriculum, uses: UsesByUnit
) -> tuple[Cause, ...]:
    """The causes of all that is wrong or broken, what is to be mended first in front.

    A cause that lies in what the exercise uses takes the place of its own.

    Args:
        outcomes: node id to what the spec came to.
        curriculum: knows the order.
        uses: what the exercises of each unit use.
    """
    red = {nodeid: outcome for nodeid, outcome in outcomes.items() if outcome.state in RED}
    root = roots_of(red.values(), uses)
    found: dict[Key, list[str]] = {}
    for nodeid, outcome in red.items():
        unit, exercise = root.get(red_of(outcome), ("", ""))
        key = (str(State.WRONG), unit, exercise) if exercise else key_of(nodeid, outcome)
        found.setdefault(key, []).append(nodeid)
    made = [cause_of(nodeids, red, root) for nodeids in found.values()]
    ranks = ranked(curriculum, red.values(), root)
    return tuple(sorted(made, key=lambda cause: ranks(cause.outcome)))


def cause_of(
    nodeids: Sequence[str], outcomes: Mapping[str, Outcome], root: Mapping[Red, Red]
) -> Cause:
    """One cause; what it says is taken from a spec that names the place itself.

    Of these one that shows a program comes first.
    """
    blamed = {nodeid: red_of(outcomes[nodeid]) for nodeid in nodeids}
    own = {nodeid for nodeid, red in blamed.items() if root.get(red, red) == red}
    ordered = sorted(nodeids, key=lambda n: (n not in own, not outcomes[n].program))
    first = outcomes[ordered[0]]
    said = {
        key_of(n, o) if o.state == State.BROKEN else (o.file, o.line, o.exercise, o.headline)
        for n, o in ((n, outcomes[n]) for n in nodeids)
    }
    return Cause(first, tuple(ordered), len(said) == 1)


def more_text(cause: Cause) -> str:
    """What is said of the other specs of a cause; nothing if there are none."""
    count = len(cause.nodeids) - 1
    if not count:
        return ""
    specs = f"and {count} more spec{'s' if count > 1 else ''}"
    if cause.same or not cause.outcome.exercise:
        return f"{specs}, for the same reason"
    return f"{specs} that {'go' if count > 1 else 'goes'} through {cause.outcome.exercise}"


def red_of(outcome: Outcome) -> Red:
    """The exercise that an outcome blames."""
    return outcome.unit or "", outcome.exercise


def roots_of(outcomes: Iterable[Outcome], uses: UsesByUnit) -> dict[Red, Red]:
    """For each exercise that is wrong the one that explains it: one that it uses, or else itself.

    Where two use each other, neither explains the other. What was found by trial is not explained by
    anything else, and explains what uses it or is used by it.
    """
    red = [o for o in outcomes if o.state == State.WRONG and o.exercise]
    wrong, tried = (dict.fromkeys(map(red_of, some)) for some in (red, [o for o in red if o.tried]))
    root = {}
    for unit, exercise in wrong:
        table = uses.get(unit, {})
        found = [
            name
            for other, name in tried
            if other == unit
            and (name in table.get(exercise, ()) or exercise in table.get(name, ()))
        ]
        if found or (unit, exercise) in tried:
            own = (unit, exercise) in tried
            root[unit, exercise] = (unit, exercise if own else found[0])
            continue
        below = [
            name
            for other, name in wrong
            if other == unit
            and name in table.get(exercise, ())
            and exercise not in table.get(name, ())
        ]
        deepest = [n for n in below if not any(m in table.get(n, ()) for m in below if m != n)]
        root[unit, exercise] = (unit, (deepest or [exercise])[0])
    return root


def ranked(
    curriculum: Curriculum, outcomes: Iterable[Outcome], root: Mapping[Red, Red]
) -> Callable[[Outcome], tuple[int, ...]]:
    """A key to sort outcomes by: what is to be mended first comes first.

    That is the earliest unit, there what is broken, then what is wrong, then stubs. Of what is wrong what
    was found by trial, then that which explains most others, then that which most specs blame, then in the
    order of the file. What could be blamed on no line of the package comes last of its kind.
    """
    order: dict[str, int] = {unit.id: place for place, unit in enumerate(curriculum.units)}
    kind = {State.BROKEN: 0, State.WRONG: 1, State.TODO: 2}
    outcomes = list(outcomes)
    tried = {red_of(outcome) for outcome in outcomes if outcome.tried}
    explains = Counter(target for source, target in root.items() if source != target)
    blamed = Counter(red_of(outcome) for outcome in outcomes if outcome.state == State.WRONG)

    def rank(outcome: Outcome) -> tuple[int, ...]:
        own = red_of(outcome)
        wrong = outcome.state == State.WRONG
        return (
            order.get(outcome.unit or "", len(order)),
            kind.get(outcome.state, len(kind)),
            int(not in_package(outcome.file)),
            int(wrong and root.get(own, own) not in tried),
            -explains[own] if wrong and root.get(own, own) == own else int(wrong),
            -blamed[own] if wrong else 0,
            outcome.line,
        )

    return rank


def in_package(file: str) -> bool:
    """Whether a file, as an outcome names it, is one of the package under test."""
    return f"{PACKAGE}/" in file
