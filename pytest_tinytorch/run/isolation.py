"""Whether specs run in processes of their own, and what tells the next run that this one did not end."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import pytest
from msgspec import Struct

from pytest_tinytorch.course.options import Options
from pytest_tinytorch.run import profiles

GRADING = frozenset({"gradescope", "classroom"})
"""Exports that somebody else relies on."""
MARKER = "running-"
"""What the name of a marker begins with; the rest is the process."""


class Isolation(Struct, frozen=True):
    """Whether specs run in processes of their own, and why, or why not although they should."""

    on: bool
    why: str = ""

    def header(self) -> str | None:
        """What to say at the head of a run, if anything."""
        if self.on:
            return f"tinytorch: specs run in separate processes ({self.why})"
        return f"tinytorch: specs run in this process ({self.why})" if self.why else None


def decide(given: Options, markers: Iterable[Path], interactive: str = "") -> Isolation:
    """Whether to isolate.

    Args:
        given: what was asked for.
        markers: of runs that have not ended.
        interactive: the option that needs the terminal for the code under test, if any.
    """
    if given.isolate is False:
        return Isolation(False)
    reasons = {
        "--isolate": bool(given.isolate),
        "the results are for grading": any(name in GRADING for name, _ in given.exports),
        "CI": profiles.is_ci(),
        "the last run did not finish": any(markers),
    }
    why = next((reason for reason, holds in reasons.items() if holds), "")
    if why and interactive:
        return Isolation(
            False, f"{interactive}, although {why}" if why != "--isolate" else interactive
        )
    return Isolation(bool(why), why)


def interactive_option(options: object) -> str:
    """The option, or the debugger, that needs this process and its terminal; empty if there is none."""
    if getattr(options, "usepdb", False):
        return "--pdb"
    if getattr(options, "trace", False):
        return "--trace"
    if getattr(options, "capture", "fd") == "no":
        return "-s"
    return "a debugger" if has_debugger() else ""


def has_debugger() -> bool:
    """Whether a debugger is attached that is none of pytest's own, as an editor has one."""
    from pytest_timeout import is_debugging

    return bool(is_debugging())


def unended_runs(folder: Path) -> list[Path]:
    """The markers of runs whose process is gone: they have crashed, or were killed."""
    found = []
    for marker in folder.glob(f"{MARKER}*"):
        process = marker.name.removeprefix(MARKER)
        gone = process.isdecimal() and (int(process) == os.getpid() or not is_alive(int(process)))
        found += [marker] if gone else []
    return found


def is_alive(process: int) -> bool:
    """Whether there is such a process."""
    if sys.platform == "win32":
        import ctypes

        query = 0x1000  # PROCESS_QUERY_LIMITED_INFORMATION
        handle = ctypes.windll.kernel32.OpenProcess(query, False, process)
        return bool(handle and ctypes.windll.kernel32.CloseHandle(handle))
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class RunMarker:
    """A plugin that leaves a file behind, unless the run ends well: the next run is then isolated.

    Args:
        folder: where the file is.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / f"{MARKER}{os.getpid()}"
        self.running = self.debugging = self.trouble = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self) -> None:
        with suppress(OSError):  # a workspace that cannot be written to has no memory
            self.folder.mkdir(exist_ok=True)
            self.file.touch()

    @pytest.hookimpl
    def pytest_runtest_logstart(self) -> None:
        self.running = True

    @pytest.hookimpl
    def pytest_runtest_logfinish(self) -> None:
        self.running = False

    @pytest.hookimpl
    def pytest_enter_pdb(self) -> None:
        self.debugging = True

    @pytest.hookimpl
    def pytest_leave_pdb(self) -> None:
        self.debugging = False

    @pytest.hookimpl
    def pytest_keyboard_interrupt(self) -> None:
        """Whoever interrupts a spec may have waited for it too long; who quits the debugger has not."""
        self.trouble |= self.running and not self.debugging

    def pytest_unconfigure(self) -> None:
        if not self.trouble and self.file.exists():
            for marker in (self.file, *unended_runs(self.folder)):
                with suppress(OSError):
                    marker.unlink()
