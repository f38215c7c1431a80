"""The last resort against a loop inside C, or code that ignores signals: the system ends the process.

No handler of Python runs in such a loop. Without it the run would hang for ever.
"""

from __future__ import annotations

import faulthandler
import math
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from pytest_tinytorch.run.timelimit import RETRY_SECONDS, TRIES

GRACE_SECONDS = (TRIES + 4) * RETRY_SECONDS
"""CPU time beyond the limit of a spec: code that swallows each exception is ended before that."""


@contextmanager
def process_ends_after(cpu_seconds: float, file: int | None) -> Iterator[None]:
    """Let the system end this process once it has used so much CPU time inside of the block.

    It writes to ``file``, a descriptor, where it was. Afterwards all is as before. Where the system
    has no such limit, as on Windows, this does nothing.
    """
    try:
        import resource
    except ImportError:
        yield
        return
    before, hard = resource.getrlimit(resource.RLIMIT_CPU)
    wanted = math.ceil(time.process_time() + cpu_seconds)
    soft = min([wanted, *(x for x in (before, hard) if x != resource.RLIM_INFINITY)])
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))
    try:
        with place_is_printed(file):
            yield
    finally:
        with suppress(ValueError, OSError):  # somebody has lowered the hard limit
            resource.setrlimit(resource.RLIMIT_CPU, (before, hard))


@contextmanager
def place_is_printed(file: int | None) -> Iterator[None]:
    """Let the process say in which line it was, should it be ended inside of the block."""
    if file is None:
        yield
        return
    import signal

    faulthandler.register(signal.SIGXCPU, file=file, all_threads=False, chain=True)
    try:
        yield
    finally:
        faulthandler.unregister(signal.SIGXCPU)


def real_stderr() -> int | None:
    """A descriptor of stderr that stays when pytest captures it; None if there is none."""
    with suppress(OSError, ValueError, AttributeError):
        assert sys.__stderr__ is not None
        return os.dup(sys.__stderr__.fileno())
    return None
