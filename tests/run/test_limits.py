"""Which limit a spec has, and who set it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from pytest_tinytorch.run import limits
from pytest_tinytorch.run.limits import kits_limit, limit_of
from pytest_tinytorch.run.reports import UNIT
from tests.support import kit


def item(number="01", kind="checkpoint", option=None, setting="", marker=None, scale="tiny"):
    """What `limit_of` sees of an item."""
    options = {"timeout": option, "scale": scale}
    return SimpleNamespace(
        stash={UNIT: kit.course().unit(f"{kind}-{number}") if number else None},
        get_closest_marker=lambda name: (
            marker and getattr(pytest.mark.timeout(marker), "mark", None)
        ),
        config=SimpleNamespace(
            getoption=lambda name, default=None: options.get(name, default),
            getini=lambda name: setting,
        ),
    )


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    """One thread, and no limit in the environment."""
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    monkeypatch.delenv("PYTEST_TIMEOUT", raising=False)


def test_another_test_has_none():
    assert limit_of(item(number="")) is None


def test_every_limit_is_twenty_times_what_the_reference_needs():
    for unit in kit.course().units:
        for scale in ("tiny", "full"):
            needed = unit.cpu_seconds_at(scale) or 1.0
            assert kits_limit(unit, 25, scale).cpu >= 20 * needed, unit.label


def test_more_examples_and_more_threads_are_given_more():
    unit = kit.course().unit("checkpoint-05")
    least = kits_limit(unit, 25).cpu
    assert kits_limit(unit, 1).cpu == least
    assert kits_limit(unit, 100).cpu == 4 * least
    assert "for 100 examples" in kits_limit(unit, 100).source
    assert kits_limit(unit, 25, threads=8).cpu == 8 * least


def test_full_scale_is_given_more():
    assert (
        limit_of(item("04", "milestone", scale="full")).cpu
        > 10 * limit_of(item("04", "milestone")).cpu
    )


def test_threads_are_those_that_the_libraries_are_told(monkeypatch):
    assert limits.threads() == 1
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "3")
    assert limits.threads() == 3
    monkeypatch.delenv("OPENBLAS_NUM_THREADS")
    assert limits.threads() >= 1


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"option": 5.0}, "--timeout=5"),
        ({"setting": "5"}, "timeout = 5 in the settings"),
        ({"marker": 5}, "marker"),
        ({"marker": 5, "option": 7.0, "setting": "8"}, "marker"),
        ({"option": 5.0, "setting": "8"}, "--timeout=5"),
    ],
)
def test_what_a_person_sets_wins(given, says):
    limit = limit_of(item(**given))
    assert (limit.cpu, limit.waiting) == (5.0, 5.0)
    assert says in limit.source


def test_the_environment_sets_it_too(monkeypatch):
    monkeypatch.setenv("PYTEST_TIMEOUT", "6")
    assert limit_of(item(setting="8")).source == "set by PYTEST_TIMEOUT=6"
    assert limit_of(item(option=5.0)).cpu == 5.0


@pytest.mark.parametrize(
    "given", [{"option": 0.0}, {"setting": "0"}, {"option": 0.0, "setting": "8"}]
)
def test_zero_switches_it_off(given):
    assert limit_of(item(**given)) is None


def test_without_pytest_timeout_the_limit_is_ours():
    found = item()

    def getini(name):
        raise ValueError(f"unknown configuration value: {name!r}")

    found.config.getini = getini
    assert limit_of(found) == limit_of(item())
