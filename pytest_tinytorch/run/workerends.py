"""Why a worker has ended in the middle of a spec, and whether that says anything of the source."""

from __future__ import annotations

import signal

from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.run.meter import seconds

OUTSIDE = frozenset({"SIGKILL", "SIGTERM", "SIGHUP", "SIGINT"})
"""Signals that come from the machine or a person: they are no evidence about source."""

MEANINGS = {
    "SIGSEGV": "it read or wrote memory that does not belong to it",
    "SIGABRT": "it aborted itself",
    "SIGBUS": "it accessed memory in a way that the machine does not allow",
    "SIGFPE": "an integer division by zero, in C",
    "SIGILL": "an instruction that the machine does not have",
}

HARD_LOOP = "is there a loop that never ends, inside a call of C?"

UNSTOPPABLE = 86
"""The exit code of a process that has ended itself, because code under test catches every exception."""


class Ending(BaseException):
    """The end of a worker.

    Attributes:
        state: ``broken``, or ``not run`` where the machine or a person may have ended it.
        text: what has happened, in a line.
        unstoppable: whether it was in a loop that no exception ends.
    """

    def __init__(self, state: State, text: str, unstoppable: bool = False) -> None:
        super().__init__(state, text, unstoppable)
        self.state, self.text, self.unstoppable = state, text, unstoppable

    def __str__(self) -> str:
        return self.text


def of_code(code: int) -> Ending:
    """The end of a worker that ended by itself, or by a signal if ``code`` is negative.

    >>> str(of_code(0))
    'the process that ran it exited with code 0: did the code call os._exit?'
    >>> of_code(-9).state
    <State.NOT_RUN: 'not run'>
    """
    if code == UNSTOPPABLE:
        return Ending(State.BROKEN, "it cannot be stopped: it catches every exception", True)
    if code >= 0:
        text = f"the process that ran it exited with code {code}: did the code call os._exit?"
        return Ending(State.BROKEN, text)
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    if name == "SIGXCPU":
        return Ending(State.BROKEN, f"no verdict within its limit of CPU time: {HARD_LOOP}", True)
    if name in OUTSIDE:
        text = (
            f"the process that ran it was killed from outside ({name}): did it run out of memory?"
        )
        return Ending(State.NOT_RUN, text)
    meaning = f": {MEANINGS[name]}" if name in MEANINGS else ""
    return Ending(State.BROKEN, f"the process that ran it crashed ({name}){meaning}")


def of_failure(text: str) -> Ending:
    """The end of a worker in which pytest itself has failed."""
    return Ending(State.BROKEN, f"it made pytest itself fail: {text}")


def of_loop(limit: float) -> Ending:
    """The end of a worker that nothing but its end has stopped once it had used up its CPU time."""
    text = f"no verdict after {seconds(limit)} of CPU time: {HARD_LOOP}"
    return Ending(State.BROKEN, text, unstoppable=True)


def of_same_cause(nodeid: str) -> Ending:
    """The end of a worker that was soon where an earlier one did not stop."""
    return Ending(State.NOT_RUN, f"not run: same cause as {nodeid}")


def of_waiting(limit: float) -> Ending:
    """The end of a worker that has waited as long as it may, and that no signal has woken."""
    return Ending(
        State.BROKEN,
        f"no verdict after {seconds(limit)} of waiting, and no exception ends it: does it wait for"
        " something that never comes?",
    )


def of_stop(stopped: float) -> Ending:
    """The end of a worker that somebody has stopped, and nobody continued."""
    text = f"the process that ran it was stopped for {seconds(stopped)} (SIGSTOP)"
    return Ending(State.NOT_RUN, text)
