"""How many threads multiply matrices, before NumPy is imported."""

from __future__ import annotations

import os

import pytest

from pytest_tinytorch import threads


@pytest.fixture(autouse=True)
def unset(monkeypatch):
    for name in threads.THREADS:
        monkeypatch.setenv(name, "")  # so that it is put back, whatever is set meanwhile
        monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("large", "load", "said"),
    [(False, 0.0, "1"), (True, 0.1, None), (True, 0.6, "1"), (True, 8.0, "1")],
)
def test_more_than_one_only_for_large_products_on_a_quiet_machine(monkeypatch, large, load, said):
    monkeypatch.setattr(os, "getloadavg", lambda: (load, 9.0, 9.0), raising=False)
    threads.suit_threads(large)
    assert {os.environ.get(name) for name in threads.THREADS} == {said}


def test_what_a_person_chose_stays(monkeypatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "2")
    threads.suit_threads(large=False)
    assert os.environ["OPENBLAS_NUM_THREADS"] == "2"


def test_a_system_that_tells_no_load_is_taken_for_quiet(monkeypatch):
    monkeypatch.delattr(os, "getloadavg", raising=False)
    threads.suit_threads(large=True)
    assert "OPENBLAS_NUM_THREADS" not in os.environ
