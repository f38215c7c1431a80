"""How long a spec may take: which limit it has, and who set it."""

from __future__ import annotations

import os

import pytest
from msgspec import Struct

from pytest_tinytorch.course.curriculum import Unit
from pytest_tinytorch.run import profiles
from pytest_tinytorch.run.reports import unit_of

FACTOR = 25
"""How many times the CPU time of the reference a spec may use. At least 20 are promised."""

REFERENCE_SECONDS = 1.0
"""CPU time that the slowest spec of a unit needs on the reference, if the curriculum does not say."""

OPTION = "--timeout=N sets another, in seconds"
"""How to set a limit in the place of the kit's."""

WAITING_SECONDS = 60.0
"""How long a spec may wait. None of the kit's waits for more than another process to start."""


class Limit(Struct, frozen=True):
    """The limit of one spec.

    Attributes:
        cpu: seconds of CPU time that it may use.
        waiting: seconds that it may wait, for a lock, say; what the machine does is not counted.
        source: who set the limit, in words that go on after "that is the limit, ".
        option: how a person at a terminal sets another one; empty if somebody did.
    """

    cpu: float
    waiting: float
    source: str
    option: str = ""


def limit_of(item: pytest.Item) -> Limit | None:
    """The limit of an item; None if it is no spec, or if somebody switched limits off."""
    unit = unit_of(item)
    if unit is None:
        return None
    given = given_limit(item)
    if given is not None:
        seconds, source = given
        return Limit(seconds, seconds, source) if seconds > 0 else None
    scale = item.config.getoption("scale", "tiny")
    return kits_limit(unit, profiles.current_examples(), scale, threads())


def limit_of_import(config: pytest.Config) -> Limit | None:
    """The limit of the import of a module under test where no spec runs."""
    given = configured_limit(config)
    if given is not None:
        seconds, source = given
        return Limit(seconds, seconds, source) if seconds > 0 else None
    cpu = FACTOR * REFERENCE_SECONDS * threads()
    return Limit(cpu, WAITING_SECONDS, "as for a spec", OPTION)


def kits_limit(unit: Unit, examples: int, scale: str = "tiny", threads: int = 1) -> Limit:
    """The limit of a spec for which nobody else set one; more examples, data or threads get more."""
    needed = unit.cpu_seconds_at(scale) or REFERENCE_SECONDS
    more = 1.0 if unit.is_milestone else max(1.0, examples / profiles.EXAMPLES["learn"])
    told = f"{FACTOR} times what the worked solution needs"
    if more > 1.0:
        told += f", for {examples} examples"
    cpu = FACTOR * needed * more * threads
    return Limit(cpu, WAITING_SECONDS, told, OPTION)


def threads() -> int:
    """How many threads multiply matrices: each uses CPU time, though it only waits for the others."""
    said = os.environ.get("OPENBLAS_NUM_THREADS", "")
    return max(1, int(said) if said.isdecimal() else os.cpu_count() or 1)


def given_limit(item: pytest.Item) -> tuple[float, str] | None:
    """(seconds, who set them) as pytest-timeout reads it: marker, option, environment, settings."""
    marker = item.get_closest_marker("timeout")
    if marker is not None:
        seconds = marker.args[0] if marker.args else marker.kwargs.get("timeout")
        if seconds is not None:
            return float(seconds), "set by the marker timeout of the spec"
    return configured_limit(item.config)


def configured_limit(config: pytest.Config) -> tuple[float, str] | None:
    """The same without the marker of a spec."""
    given = config.getoption("timeout", None)
    if given is not None:
        return float(given), f"set by --timeout={given:g}"
    if variable := os.environ.get("PYTEST_TIMEOUT"):
        return float(variable), f"set by PYTEST_TIMEOUT={variable}"
    try:
        setting = config.getini("timeout")
    except (KeyError, ValueError):  # pytest-timeout is switched off
        return None
    return (float(setting), f"set by timeout = {setting} in the settings") if setting else None
