"""What all specs of a process share and code under test may change: remembered, and put back.

What was there is put back; what was added stays, since code that is imported once may rely on it.
Descriptors are put back by pytest, which captures them. What else a process has, its memory and its
threads among it, only another process is safe from.
"""

from __future__ import annotations

import builtins
import decimal
import gc
import locale
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from msgspec import Struct

STREAMS = ("stdout", "stderr", "__stdout__", "__stderr__")
ATTRIBUTES = (
    *((sys, name) for name in (*STREAMS, "stdin", "path", "meta_path", "excepthook")),
    (os, "environ"),
)
SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGALRM", "SIGPROF") if hasattr(signal, name)
)
"""Ctrl-C, and what a time limit may be told by."""


class Setting(Struct, frozen=True):
    """A value that the process has one of.

    Attributes:
        read: gives it.
        write: sets it.
    """

    read: Callable[[], Any]
    write: Callable[[Any], object]


def handler(number: int) -> Setting:
    """What is done at a signal. Only the main thread can set it."""
    return Setting(lambda: signal.getsignal(number), lambda value: signal.signal(number, value))


def entries(name: str) -> Setting:
    """The entries of a list of `sys`: those that are gone come back, in front of what was added."""

    def write(before: list[Any]) -> None:
        now = getattr(sys, name)
        if any(entry not in now for entry in before):
            now[:] = [*before, *(entry for entry in now if entry not in before)]

    return Setting(lambda: getattr(sys, name)[:], write)


def of_numpy(getter: str, write: Callable[[Any, Any], object]) -> Setting:
    """A setting of NumPy, once that is imported."""

    def read() -> Any:
        numpy = sys.modules.get("numpy")
        return None if numpy is None else getattr(numpy, getter)()

    def write_if_known(before: Any) -> None:
        if before is not None:
            write(sys.modules["numpy"], before)

    return Setting(read, write_if_known)


def raise_recursion_limit(before: int) -> None:
    """A limit that was raised stays: code may need it that raised it while it was imported."""
    if sys.getrecursionlimit() < before:
        sys.setrecursionlimit(before)


def put_back_trace(before: Any) -> None:
    """Trace again as before. A debugger may have exchanged its own function for another: that stays."""
    if before is None or sys.gettrace() is None:
        sys.settrace(before)


def environment() -> dict[Any, Any]:
    """The variables of the environment, as they are stored: decoding them takes longer than all the rest."""
    return dict(getattr(os.environ, "_data", {}))


def put_back_environment(before: dict[Any, Any]) -> None:
    """Set again what was changed or removed."""
    now, decode_key = environment(), getattr(os.environ, "decodekey", str)
    decode_value = getattr(os.environ, "decodevalue", str)
    for name, value in before.items():
        if now.get(name) != value:
            os.environ[decode_key(name)] = decode_value(value)


def working_folder() -> str | None:
    """Where the process is; None if that folder is gone."""
    try:
        return os.getcwd()  # noqa: PTH109 - a Path takes as long as five of these
    except OSError:
        return None


SETTINGS = (
    *(handler(number) for number in SIGNALS),
    entries("path"),
    entries("meta_path"),
    Setting(environment, put_back_environment),
    Setting(working_folder, os.chdir),
    Setting(sys.getrecursionlimit, raise_recursion_limit),
    Setting(sys.gettrace, put_back_trace),
    Setting(sys.getprofile, sys.setprofile),
    Setting(gc.isenabled, lambda enabled: gc.enable() if enabled else gc.disable()),
    Setting(gc.get_threshold, lambda threshold: gc.set_threshold(*threshold)),
    Setting(
        lambda: locale.setlocale(locale.LC_ALL), lambda name: locale.setlocale(locale.LC_ALL, name)
    ),
    of_numpy("geterr", lambda numpy, before: numpy.seterr(**before)),
    of_numpy("get_printoptions", lambda numpy, before: numpy.set_printoptions(**before)),
)


@contextmanager
def kept() -> Iterator[None]:
    """Put back afterwards what the code in between has changed."""
    names = builtins.__dict__
    names_before = names.copy()
    context = decimal.getcontext().copy()
    objects = [getattr(owner, name) for owner, name in ATTRIBUTES]
    values = [setting.read() for setting in SETTINGS]
    guarded = guard_streams()
    try:
        with warnings.catch_warnings():
            yield
    finally:
        # The names first, by syntax alone: any function that is called may be another one now.
        if names != names_before:
            for name, value in names_before.items():
                if name not in names or names[name] is not value:
                    names[name] = value
        release_streams(guarded)
        decimal.setcontext(context)
        for (owner, name), before in zip(ATTRIBUTES, objects, strict=True):
            setattr(owner, name, before)
        for setting, before in zip(SETTINGS, values, strict=True):
            put_back(setting, before)


def put_back(setting: Setting, before: Any) -> None:
    """Set a value again if it is another one now."""
    try:
        if setting.read() != before:
            setting.write(before)
    except Exception:
        return  # what cannot be put back must not hide a verdict


def guard_streams() -> list[Any]:
    """Let nobody close what everybody prints to; gives the streams that were not guarded yet."""
    guarded = []
    for stream in [getattr(sys, name, None) for name in STREAMS]:
        if stream is not None and "close" not in getattr(stream, "__dict__", {"close": None}):
            stream.close = stream.flush
            guarded.append(stream)
    return guarded


def release_streams(guarded: list[Any]) -> None:
    """Let them be closed again by whoever opened them."""
    for stream in guarded:
        stream.__dict__.pop("close", None)
