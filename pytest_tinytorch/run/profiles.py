"""Hypothesis profiles: how many examples a spec draws."""

from __future__ import annotations

import os
from collections.abc import Callable
from types import ModuleType
from typing import Any

from pytest_tinytorch.evidence.implementation import PACKAGE

FINDS = "constants_from_module"
"""The function by which Hypothesis finds constants in a module."""
NOTHING = ModuleType("nothing")
"""A module without source, so without constants."""
EXAMPLES = {"learn": 25, "ci": 100, "thorough": 1000}


def register_profiles() -> None:
    """Make the profiles known to Hypothesis; none is loaded."""
    from hypothesis import HealthCheck, Phase, settings

    look_at_package_alone()
    for name, examples in EXAMPLES.items():
        settings.register_profile(
            name,
            max_examples=examples,
            deadline=None,
            derandomize=name == "ci",
            report_multiple_bugs=False,
            print_blob=False,
            # Explaining a failure costs more runs than finding it, and says what is shown anyway.
            phases=[phase for phase in Phase if phase is not Phase.explain],
            suppress_health_check=[
                HealthCheck.too_slow,
                HealthCheck.data_too_large,
                # `tito watch` draws examples with one instance of a class and runs specs with another.
                HealthCheck.differing_executors,
                # It looks at every fixture before each property. Who writes specs hears of it in CI.
                *([HealthCheck.function_scoped_fixture] if name == "learn" else []),
            ],
        )


def look_at_package_alone() -> None:
    """Let Hypothesis draw numbers that it finds in the package under test, and in no other code.

    It looks for constants in all modules that are loaded and not installed. A spec that fails loads helpers,
    and an option may load modules of the plugin, which are not installed in a checkout. So a graded run would
    draw other examples than the same run at home. Hypothesis has no setting for it.
    """
    from hypothesis.internal.conjecture import providers

    finds: Callable[[ModuleType], Any] | None = getattr(providers, FINDS, None)
    if finds is None or hasattr(finds, "of_package"):
        return

    def find(module: ModuleType) -> Any:
        name: str = getattr(module, "__name__", "")
        return finds(module if name.partition(".")[0] == PACKAGE else NOTHING)

    find.of_package = finds  # type: ignore[attr-defined]
    setattr(providers, FINDS, find)


def current_examples() -> int:
    """How many examples a spec draws in this run."""
    from hypothesis import settings

    return int((settings.default or settings()).max_examples)


def usual() -> str:
    """The profile of a run that names none."""
    return "ci" if is_ci() else "learn"


def is_ci() -> bool:
    """Whether this runs on a CI server, by the variable that all of them set."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false")
