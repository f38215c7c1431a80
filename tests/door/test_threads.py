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


def test_matrices_are_multiplied_in_one_thread():
    threads.use_one_thread()
    assert {os.environ.get(name) for name in threads.THREADS} == {"1"}


def test_what_a_person_chose_stays(monkeypatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "2")
    threads.use_one_thread()
    assert os.environ["OPENBLAS_NUM_THREADS"] == "2"
