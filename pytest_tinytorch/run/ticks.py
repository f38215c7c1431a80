"""Clocks, and the ticks that let an Alarm look at them: by signals, or else by a second thread."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

from pytest_tinytorch.run.exceptions import SpecEnded
from pytest_tinytorch.run.meter import Clocks
from pytest_tinytorch.run.timelimit import Alarm

NANOSECONDS = 1e-9


class SystemClocks:
    """Reads the clocks of this process, for the thread that makes it.

    The file is kept open: a reading leaves no garbage behind that a spec of memory could notice.
    """

    def __init__(self) -> None:
        self.file: int | None = None
        with suppress(OSError):  # only Linux has it
            task = f"/proc/self/task/{threading.get_native_id()}/schedstat"
            self.file = os.open(task, os.O_RDONLY | os.O_CLOEXEC)

    def read(self) -> Clocks:
        return Clocks(time.monotonic(), time.process_time(), self._queued())

    def close(self) -> None:
        if self.file is not None:
            os.close(self.file)
            self.file = None

    def _queued(self) -> float | None:
        """Seconds that the thread was ready to run and waited for its turn."""
        if self.file is None:
            return None
        try:
            return int(os.pread(self.file, 100, 0).split()[1]) * NANOSECONDS
        except (OSError, ValueError, IndexError):
            return None


def start_ticks(alarm: Alarm) -> Callable[[], None]:
    """Let ``alarm`` look at every tick, and raise in this thread what it says; the result stops that."""
    main = threading.current_thread() is threading.main_thread()
    return by_signals(alarm) if main and hasattr(signal, "setitimer") else by_thread(alarm)


def by_signals(alarm: Alarm) -> Callable[[], None]:
    """Two timers: one runs while the process does, the other also while it waits."""
    looking = False

    def expire(signum: int, frame: FrameType | None) -> None:
        nonlocal looking
        if looking:  # this tick came during another one, on a machine that is slow
            return
        looking, error = True, None
        try:
            error = alarm.look(frame)
        except RecursionError:
            pass  # the spec is as deep as it may be, and did nothing wrong: the next tick looks again
        finally:
            looking = False
        if error is not None:
            raise error.with_traceback(None)  # it may be raised again

    timers = {signal.ITIMER_REAL: signal.SIGALRM, signal.ITIMER_PROF: signal.SIGPROF}
    before = {number: signal.signal(number, expire) for number in timers.values()}
    for timer in timers:
        signal.setitimer(timer, alarm.tick, alarm.tick)

    def cancel() -> None:
        for timer, number in timers.items():
            signal.setitimer(timer, 0)
            signal.signal(number, before[number] or signal.SIG_DFL)

    return cancel


def by_thread(alarm: Alarm) -> Callable[[], None]:
    """Where there are no such signals, as on Windows. It takes effect between two bytecodes of Python."""
    target = threading.get_ident()
    done = threading.Event()

    def watch() -> None:
        while not done.wait(alarm.tick):
            error = alarm.look(sys._current_frames().get(target))
            if error is not None and not done.is_set():
                ctypes.pythonapi.PyThreadState_SetAsyncExc(
                    ctypes.c_ulong(target), ctypes.py_object(kind_of(error))
                )

    threading.Thread(target=watch, name="tinytorch time limit", daemon=True).start()
    return done.set


def kind_of(error: SpecEnded) -> type[SpecEnded]:
    """A class whose instances are like ``error``: the interpreter makes one itself, without arguments."""

    class Ended(type(error)):  # type: ignore[misc]
        def __init__(self) -> None:
            BaseException.__init__(self, str(error))
            self.__dict__.update(error.__dict__)

    return Ended
