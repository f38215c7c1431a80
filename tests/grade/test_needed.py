"""Tests of the sandbox where it does not start: skipped, or failed where there must be one."""

from __future__ import annotations

import pytest

from tests.grade import classes
from tests.support import kit


@pytest.fixture(autouse=True)
def broken(monkeypatch):
    monkeypatch.setattr(classes, "sandbox", lambda: "there is no bubblewrap")


def test_are_skipped(monkeypatch):
    monkeypatch.delenv(classes.NEEDED, raising=False)
    with pytest.raises(pytest.skip.Exception, match="there is no bubblewrap"):
        classes.needed_sandbox()


def test_fail_where_there_must_be_one(monkeypatch):
    monkeypatch.setenv(classes.NEEDED, "needed")
    with pytest.raises(pytest.fail.Exception, match="there is no bubblewrap"):
        classes.needed_sandbox()


def test_ci_says_where_there_must_be_one():
    assert f"export {classes.NEEDED}=" in (kit.ROOT / ".ci" / "run").read_text(encoding="utf-8")
