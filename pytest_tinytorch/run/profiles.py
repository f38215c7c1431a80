"""Hypothesis profiles: how many examples a spec draws."""

from __future__ import annotations

import os

EXAMPLES = {"learn": 25, "ci": 100, "thorough": 1000}


def register_profiles() -> None:
    """Make the profiles known to Hypothesis; none is loaded."""
    from hypothesis import HealthCheck, Phase, settings

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
            ],
        )


def current_examples() -> int:
    """How many examples a spec draws in this run."""
    from hypothesis import settings

    return int((settings.default or settings()).max_examples)


def is_ci() -> bool:
    """Whether this runs on a CI server, by the variable that all of them set."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false")
