"""Finds the exercise to blame by trial: with that of the worked solution, a failed spec holds."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from contextvars import Context
from enum import Enum
from inspect import signature
from io import StringIO
from pathlib import Path
from time import process_time
from traceback import walk_tb
from typing import Any

import pytest

from pytest_tinytorch.course.callgraph import direct_uses_of
from pytest_tinytorch.course.exercises import STUB_MESSAGE
from pytest_tinytorch.evidence.implementation import PACKAGE
from pytest_tinytorch.run.exceptions import StubReached
from pytest_tinytorch.run.processstate import kept
from pytest_tinytorch.run.spectimer import SpecTimer
from pytest_tinytorch.run.standins import FILE as STAND_IN
from pytest_tinytorch.run.standins import CannotStandIn, standing_in

RUN_SECONDS, SPEC_SECONDS = 4.0, 1.0
"""CPU time that the trials of a run, and of one spec, may take together. No new one begins after that."""

LONGEST_SECONDS = 3.0
"""CPU time after which a trial is ended: there may be a loop that never ends."""

LIKELIEST = 2
"""How many exercises are tried one by one, before it is tried whether any of them is to blame at all."""

FAILED_WITH = "failed_with"
"""The attribute of a property's function with the arguments that it failed with last."""

SETTINGS, SEED = "_hypothesis_internal_use_settings", "_hypothesis_internal_use_seed"
"""Where Hypothesis keeps what `settings` and `seed` say of a property."""

Again = Callable[[], object]
"""Runs a spec once more."""


class Came(Enum):
    """What a spec that runs once more came to."""

    HELD = "no error"
    STUB = "as far as an exercise that is still to do"
    FAILED = "an error"


class Trials:
    """Tries which exercise lets a failed spec hold, as long as there is time.

    Attributes:
        confirmed: exercises that were found so, by module, the latest first.
    """

    def __init__(self, timer: SpecTimer) -> None:
        self.timer = timer
        self.confirmed: dict[str, list[str]] = {}
        self.used = 0.0

    def blamed(
        self,
        item: pytest.Item,
        module: str,
        file: Path,
        solution: str,
        exercises: Sequence[str],
    ) -> str:
        """The first of some exercises that, as the solution has it, lets a spec hold; empty if none does.

        Args:
            item: the spec, which has just failed.
            module: the module that it is about.
            file: the learner's file of it.
            solution: the source of the module in the worked solution.
            exercises: what may be to blame, the likeliest first.
        """
        learners = sys.modules.get(f"{PACKAGE}.{module}")
        again = run_again(item)
        if learners is None or again is None or learners.__file__ is None:
            return ""
        if Path(learners.__file__).resolve() != file or self.used >= RUN_SECONDS:
            return ""
        before = process_time()
        end = before + SPEC_SECONDS
        try:
            with self.timer.trying(SPEC_SECONDS + LONGEST_SECONDS):
                if came_to(again) == Came.HELD:  # it failed by chance, or for what is gone
                    return ""
                found = self.mending(again, learners, solution, exercises, end)
        finally:
            self.used += process_time() - before
        if found:
            self.confirm(module, found)
        return found

    def mending(
        self, again: Again, learners: Any, solution: str, exercises: Sequence[str], end: float
    ) -> str:
        """The first exercise with which a spec holds, or else gets as far as one that is still to do.

        Where the likeliest are innocent, all are tried at once: if the spec fails even so, none is to blame.
        """
        furthest = ""
        for number, exercise in enumerate(exercises):
            if process_time() > end:
                break
            if number == LIKELIEST and fails_with_all(again, learners, solution, exercises):
                break
            try:
                with standing_in(learners, solution, exercise):
                    came = came_to(again)
            except CannotStandIn:
                continue
            if came == Came.HELD:
                return exercise
            if came == Came.STUB:
                furthest = furthest or exercise
        return furthest

    def confirm(self, module: str, exercise: str) -> None:
        """Take note of an exercise that is to blame."""
        before = self.confirmed.get(module, [])
        self.confirmed[module] = [exercise, *(one for one in before if one != exercise)]


def fails_with_all(again: Again, learners: Any, solution: str, exercises: Sequence[str]) -> bool:
    """Whether a spec fails even with all of some exercises as the solution has them."""
    with ExitStack() as stack:
        try:
            for exercise in exercises:
                stack.enter_context(standing_in(learners, solution, exercise))
        except CannotStandIn:
            return False
        return came_to(again) == Came.FAILED


def came_to(again: Again) -> Came:
    """What a spec that runs once more comes to. Nobody hears of what it prints."""
    try:
        with kept(), unheard():
            Context().run(again)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # what ends a spec or the program says no as well
        return Came.STUB if reaches_stub(error) else Came.FAILED
    return Came.HELD


def reaches_stub(error: BaseException) -> bool:
    """Whether a spec ended at an untouched exercise; not if only the one that stands in has called it."""
    cause = error.error if isinstance(error, StubReached) else error
    if not (isinstance(cause, NotImplementedError) and re.fullmatch(STUB_MESSAGE, str(cause))):
        return False
    frames = walk_tb(cause.__traceback__)
    return all(frame.f_code.co_filename != STAND_IN for frame, _ in frames)


@contextmanager
def unheard() -> Iterator[None]:
    """What is printed or warned of in between has been told before; nor does a debugger stop."""
    hook, text = sys.breakpointhook, StringIO()
    sys.breakpointhook = lambda *args, **kwargs: None
    try:
        with redirect_stdout(text), redirect_stderr(text), warnings.catch_warnings(record=True):
            yield
    finally:
        sys.breakpointhook = hook


def run_again(item: pytest.Item) -> Again | None:
    """Runs a spec with the arguments that it failed with; None if that cannot be."""
    function: Any = getattr(item, "obj", None)
    handle = getattr(function, "hypothesis", None)
    if function is None:
        return None
    if handle is None:
        given: dict[str, Any] = getattr(item, "funcargs", {})
        wanted = [name for name in signature(function).parameters if name in given]
        return lambda: function(**{name: given[name] for name in wanted})
    failed_with: tuple[tuple[Any, ...], dict[str, Any]] | None
    failed_with = getattr(handle.inner_test, FAILED_WITH, None)
    if failed_with is None:
        return None
    args, kwargs = failed_with
    if any(type(one).__name__ == "DataObject" for one in (*args, *kwargs.values())):
        return lambda: draw_anew(item, function)
    return lambda: handle.inner_test(*args, **kwargs)


def draw_anew(item: pytest.Item, function: Any) -> None:
    """Run a property that draws while it runs: with the same new examples each time, none made smaller."""
    from hypothesis import Phase, settings

    owner = getattr(function, "__func__", function)
    chosen = settings(
        getattr(owner, SETTINGS, None), database=None, phases=(Phase.explicit, Phase.generate)
    )
    before = {name: vars(owner)[name] for name in (SETTINGS, SEED) if name in vars(owner)}
    vars(owner).update({SETTINGS: chosen, SEED: 0})
    given = getattr(item, "funcargs", {})
    wanted = [name for name in signature(function).parameters if name in given]
    try:
        function(**{name: given[name] for name in wanted})
    finally:
        for name in (SETTINGS, SEED):
            vars(owner).pop(name)
        vars(owner).update(before)


def in_order(
    guess: str, confirmed: Sequence[str], exercises: Collection[str], source: str
) -> list[str]:
    """What may be to blame, the likeliest first: what was found before, the guess, what the guess uses."""
    uses = direct_uses_of(source, exercises)
    below = sorted(uses.get(guess, ()))
    above = [name for name in exercises if guess in uses.get(name, ())]
    kind = guess.partition(".")[0]
    beside = [name for name in exercises if name.startswith(f"{kind}.")]
    found = [*confirmed, guess, *below, *beside, *above, *exercises]
    return [name for name in dict.fromkeys(found) if name in exercises]
