"""What a person types next, in the words that they used: those of `tito`, or pytest's options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from pytest_tinytorch.course.curriculum import Unit
from pytest_tinytorch.course.selection import unit_ranges

VARIABLE = "TINYTORCH_COMMANDS"
"""The environment variable by which `tito` tells a run of pytest, or a script, that it started it."""


class Commands(Struct, frozen=True):
    """The commands for a unit.

    Attributes:
        tito: whether the person uses `tito`; otherwise they use pytest.
    """

    tito: bool = False

    def test(self, unit: Unit) -> str:
        """What runs the specs of a unit."""
        return f"tito {_group(unit)} test {unit.short}" if self.tito else unit.command

    def start(self, unit: Unit) -> str:
        """What begins with a unit: with pytest, or without a file to write, a run of its specs."""
        if not self.tito or not (unit.source or unit.is_milestone):
            return self.test(unit)
        return f"tito {_group(unit)} start {unit.short}"

    def hint(self, unit: Unit, exercise: str) -> str:
        """What shows the first hint for an exercise."""
        if self.tito:
            return f"tito module hint {unit.short} {quoted(exercise)}".rstrip()
        return f"{unit.command} --hints 1"

    def begin_at(self, before: Sequence[Unit]) -> str:
        """What lets a person begin with a unit before they pass the modules that it needs."""
        return self.borrow(unit_ranges(before).replace(" ", ""))

    def borrow(self, modules: str) -> str:
        """What borrows modules, written like ``01-03,05``."""
        return f"tito path borrow {modules}" if self.tito else f"--borrow {modules}"


PYTEST, TITO = Commands(), Commands(tito=True)


def commands_in(environment: Mapping[str, str]) -> Commands:
    """The commands of a process: those of `tito` if it started the process."""
    return TITO if environment.get(VARIABLE) == "tito" else PYTEST


def _group(unit: Unit) -> str:
    """The group of `tito` that knows a unit."""
    if unit.is_milestone:
        return "milestone"
    return "module" if unit.source else "checkpoint"


def quoted(exercise: str) -> str:
    """The name of an exercise as one word of a command line."""
    return f'"{exercise}"' if " " in exercise else exercise


def lesson_command(unit: Unit, exercise: str = "") -> str:
    """What opens the lesson about a unit, at the section of an exercise if one is named."""
    return f"tito docs {unit.short} {quoted(exercise)}".rstrip()
