"""Ends a spec that does not end by itself, an endless loop inside `@given` among them.

The limit is CPU time, and apart from it time that the code under test waits; never the clock on the wall
(`run/meter.py`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from types import FrameType

from pytest_tinytorch.run.exceptions import SameLoop, SpecEnded, TimeLimit
from pytest_tinytorch.run.limits import Limit
from pytest_tinytorch.run.loops import QUESTION, Loop, frames_inside, loop_at, looping_frame, stack
from pytest_tinytorch.run.meter import Clocks, Meter, seconds

TICK = 0.25
"""Seconds between two looks at the clocks."""

SHORT_TICK = 0.02
"""The same in a run that has met a loop: whether a spec is in it again is to be seen soon."""

SHORT_TIME = 0.05
"""Seconds after which a spec is taken to be caught that is in the same call of a function that looped
as half that time ago. Two hundred specs that reach the same loop use less than a limit together."""

RETRY_SECONDS = 0.5
"""Seconds, used or waited, until it is raised once more, should a bare `except:` have swallowed it."""

ADVICE = "let each loop end; if all do, replace loops over elements by NumPy on whole arrays"
"""What to do where a limit was reached."""

TRIES = 6
"""How often it is raised before nothing but the end of the process is left."""


class Alarm:
    """Says at each tick what to raise in the spec, if anything.

    Args:
        limit: of the spec.
        nodeid: of the spec.
        read_clocks: gives a reading of now.
        tick: seconds between two looks.
        loops: what earlier specs ran into.
        is_learners: whether a file is the learner's.
        armed: whether code under test runs. What is raised must end that, and never the code that
            reports on it.
        give_up: called once code that catches every exception has swallowed this one TRIES times.
    """

    def __init__(
        self,
        limit: Limit,
        nodeid: str,
        read_clocks: Callable[[], Clocks],
        *,
        tick: float = TICK,
        loops: Sequence[Loop] = (),
        is_learners: Callable[[str], bool] = lambda file: False,
        armed: Callable[[], bool] = lambda: True,
        give_up: Callable[[], None] = lambda: os._exit(1),
    ) -> None:
        self.limit = limit
        self.nodeid = nodeid
        self.read_clocks = read_clocks
        self.tick = tick
        self.loops = loops
        self.is_learners = is_learners
        self.armed = armed
        self.give_up = give_up
        self.meter = Meter(read_clocks(), tick)
        self.held: list[FrameType] = []  # of a look long before the limit
        self.caught: list[FrameType] = []  # of the last look, inside known loops
        self.raised: SpecEnded | None = None
        self.untold: SpecEnded | None = None  # until a report is made of it
        self.tries = 0
        self.next_try = 0.0

    @property
    def used(self) -> float:
        return self.meter.cpu + self.meter.waiting

    def look(self, frame: FrameType | None) -> SpecEnded | None:
        """What to raise in ``frame``, the innermost that runs; None if the spec may go on."""
        if not self.armed():
            return None
        self.meter.read(self.read_clocks())
        found = self._again() if self.raised else self._caught(frame) or self._over(frame)
        if found is None:
            return None
        if self.tries == TRIES:
            self.give_up()
        self.tries += 1
        self.next_try = self.used + RETRY_SECONDS
        self.raised = self.untold = found
        return found

    def _again(self) -> SpecEnded | None:
        return self.raised if self.used >= self.next_try else None

    def _over(self, frame: FrameType | None) -> TimeLimit | None:
        """The limit, if it is reached. Halfway there the frames are kept that may be the loop's."""
        share = max(self.meter.cpu / self.limit.cpu, self.meter.waiting / self.limit.waiting)
        if share < 1:
            if share >= 0.5 and not self.held:
                self.held = [x for x in stack(frame) if self.is_learners(x.f_code.co_filename)]
            return None
        theirs = looping_frame(frame, self.held, self.is_learners)
        self.held = []
        loop, line = (loop_at(theirs, self.nodeid), theirs.f_lineno) if theirs else (None, 0)
        return TimeLimit(self._text(), loop, line, self.limit.option)

    def _caught(self, frame: FrameType | None) -> SameLoop | None:
        """The end of a spec that two looks have found in the same call of a function that loops."""
        if not self.loops or self.used < SHORT_TIME / 2:
            return None
        now = frames_inside(frame, self.loops, self.nodeid)
        same = [loop for found, loop in now if any(found is x for x in self.caught)]
        self.caught = [found for found, _ in now]
        if not same or self.used < SHORT_TIME:
            return None
        self.caught = []
        return SameLoop(same[0].nodeid)

    def _text(self) -> str:
        """What a person reads. The first line names no measurement: specs of one cause say the same."""
        if self.meter.cpu >= self.limit.cpu:
            head = f"no verdict after {seconds(self.limit.cpu)} of CPU time: {QUESTION}"
            return f"{head}\nthat is the limit, {self.limit.source}\n{ADVICE}"
        head = f"no verdict: it waited for {seconds(self.limit.waiting)} (sleep, lock, input?)"
        return f"{head}\nit may not wait longer; it used {seconds(self.meter.cpu)} of CPU time"
