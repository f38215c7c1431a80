"""Hypothesis profiles: how many examples a spec draws, and how long it may then take."""

from __future__ import annotations

import os

EXAMPLES = {"learn": 25, "ci": 100, "thorough": 1000}
SPEC_SECONDS = 10
MILESTONE_SECONDS = {"tiny": 300, "full": 3600}


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

    return int(settings().max_examples)


def limit_seconds(unit_is_milestone: bool, examples: int, scale: str = "tiny") -> float:
    """The time limit of one spec or milestone; more examples or data are given more time."""
    if unit_is_milestone:
        return MILESTONE_SECONDS[scale]
    return SPEC_SECONDS * max(1.0, examples / EXAMPLES["learn"])


def is_ci() -> bool:
    """Whether this runs on a CI server, by the variable that all of them set."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false")
