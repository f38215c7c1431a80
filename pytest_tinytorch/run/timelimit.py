"""Ends a spec that does not end by itself, an endless loop inside `@given` among them.

What is raised derives from BaseException: Hypothesis would take an Exception for a falsifying
example and run the loop again, this time without a timer.
"""

from __future__ import annotations

import ctypes
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType

RETRY_SECONDS = 0.5
"""Seconds until it is raised once more, should a bare `except:` in the loop have swallowed it."""

TRIES = 20
"""How often it is raised before nothing but the end of the process is left."""


class TimeLimit(BaseException):
    """The spec ran longer than it may."""

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__(f"no verdict after {seconds:g} s: is there a loop that never ends?")


def start_timer(
    seconds: float,
    armed: Callable[[], bool] = lambda: True,
    give_up: Callable[[], None] = lambda: os._exit(1),
) -> Callable[[], None]:
    """Raise TimeLimit in this thread after ``seconds``; the result cancels that.

    While ``armed()`` is false, as between the phases of a test, it waits: the exception must end
    the code under test and never the code that reports on it. ``give_up()`` is called once code
    that catches every exception has swallowed this one TRIES times.
    """
    ring = Alarm(armed, give_up)
    if hasattr(signal, "SIGALRM") and threading.current_thread() is threading.main_thread():
        return _by_signal(seconds, ring)
    return _by_thread(seconds, ring)


class Alarm:
    """Says each time the timer rings whether to raise."""

    def __init__(self, armed: Callable[[], bool], give_up: Callable[[], None]) -> None:
        self.armed = armed
        self.give_up = give_up
        self.tries = 0

    def __call__(self) -> bool:
        if not self.armed():
            return False
        if self.tries == TRIES:
            self.give_up()
        self.tries += 1
        return True


def _by_signal(seconds: float, ring: Alarm) -> Callable[[], None]:
    def expire(signum: int, frame: FrameType | None) -> None:
        if ring():
            raise TimeLimit(seconds)

    before = signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, seconds, RETRY_SECONDS)

    def cancel() -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)

    return cancel


def _by_thread(seconds: float, ring: Alarm) -> Callable[[], None]:
    """Where there is no SIGALRM, as on Windows. It takes effect between two bytecodes of Python."""
    target = threading.get_ident()
    done = threading.Event()

    class Expired(TimeLimit):
        """The interpreter makes the exception itself, without arguments."""

        def __init__(self) -> None:
            super().__init__(seconds)

    def wait() -> None:
        pause = seconds
        while not done.wait(pause):
            if ring():
                ctypes.pythonapi.PyThreadState_SetAsyncExc(
                    ctypes.c_ulong(target), ctypes.py_object(Expired)
                )
            pause = RETRY_SECONDS

    threading.Thread(target=wait, name="tinytorch time limit", daemon=True).start()
    return done.set
