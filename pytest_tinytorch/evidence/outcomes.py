"""From the outcomes of specs to the verdict on a unit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct, field

from pytest_tinytorch.course.curriculum import UnitId


class State(StrEnum):
    """What a spec came to, and what a checkpoint or milestone is. Only ``passed`` is a pass.

    A spec is one of the first six. ``stale`` (it passed for an earlier version of the source) and
    ``borrowed`` (it is taken from the reference) are for checkpoints and milestones alone.
    """

    PASSED = "passed"
    WRONG = "wrong"
    TODO = "todo"
    BROKEN = "broken"
    LOCKED = "locked"
    NOT_RUN = "not run"
    STALE = "stale"
    BORROWED = "borrowed"

    @property
    def words(self) -> str:
        """The state as people read it. Its value is for programs."""
        return "to do" if self == State.TODO else self.value


LASTING = (State.PASSED, State.WRONG, State.TODO, State.BROKEN)
"""What the ledger may say of a unit."""

WORST_FIRST = (State.BROKEN, State.WRONG, State.TODO, State.LOCKED, State.NOT_RUN)


class Outcome(Struct, frozen=True):
    """What one spec came to, and what a person should know of it. Made of plain JSON values.

    Attributes:
        state: one of the six that a spec can be.
        headline: one line that says what is the matter.
        group: the sub-capability it belongs to.
        exercise: the exercise to blame or to write, if known.
        unit: the id of the unit to blame, if known.
        file: the learner's file, from the root, if known.
        line: the line in it; 0 if not known.
        function: that the spec did not come back from, if it was ended: the same at each of its lines.
        note: numbers that a milestone wishes to show, by name.
        crashed: whether the process that ran the spec is gone, and its report with it.
        program: whether its message shows a program that can be pasted.
        tried: whether the exercise was found to blame by trial.
    """

    state: State
    headline: str = ""
    group: str = ""
    exercise: str = ""
    unit: UnitId | None = None
    file: str = ""
    line: int = 0
    function: str = ""
    note: Mapping[str, Any] = field(default_factory=dict)
    crashed: bool = False
    program: bool = False
    tried: bool = False


class Verdict(Struct, frozen=True):
    """What the specs of one unit came to in one run.

    Attributes:
        state: ``passed`` only if every spec of the manifest ran and passed.
        counts: state to how many specs.
        missing: specs of the manifest that did not report.
        headline: the first thing that is the matter, if anything is.
    """

    state: State
    counts: Mapping[State, int]
    missing: tuple[str, ...] = ()
    headline: str = ""

    @property
    def total(self) -> int:
        return sum(self.counts.values()) + len(self.missing)


def verdict_on_unit(
    manifest: Iterable[str], outcomes: Mapping[str, Outcome], whole: bool = True
) -> Verdict:
    """The verdict on one unit.

    Args:
        manifest: node ids of every spec that the unit has.
        outcomes: node id to outcome, of the specs of this unit that reported; those that the
            manifest does not know count too.
        whole: whether all of the unit was meant to run; specs that are missing are then a fault.

    Nothing is passed by an empty collection: a unit without specs is broken.

    >>> str(verdict_on_unit(["a", "b"], {"a": Outcome(State.PASSED)}).state)
    'broken'
    """
    manifest = tuple(manifest)
    counts = Counter(outcome.state for outcome in outcomes.values())
    missing = tuple(nodeid for nodeid in manifest if nodeid not in outcomes)
    for kind in WORST_FIRST:
        if counts[kind]:
            first = next(o for o in outcomes.values() if o.state == kind)
            return Verdict(kind, counts, missing, first.headline)
    if not manifest:
        return Verdict(State.BROKEN, counts, missing, "the manifest lists no specs for it")
    if missing and (whole or not outcomes):
        if not whole:
            return Verdict(State.NOT_RUN, counts, missing)
        text = f"{len(missing)} of its {len(manifest)} specs were not run"
        return Verdict(State.BROKEN, counts, missing, text)
    return Verdict(State.NOT_RUN if missing else State.PASSED, counts, missing)
