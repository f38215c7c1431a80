"""Columns and colors of standard output: as Rich finds them."""

from __future__ import annotations

import pytest
from rich.console import Console

from pytest_tinytorch.terminal import output

NAMES = ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TERM")
CASES = [
    {},
    {"COLUMNS": "57"},
    {"COLUMNS": "wide"},
    {"NO_COLOR": "1"},
    {"NO_COLOR": ""},
    {"FORCE_COLOR": "1"},
    {"FORCE_COLOR": ""},
    {"FORCE_COLOR": "1", "NO_COLOR": "1"},
    {"FORCE_COLOR": "1", "TERM": "dumb"},
    {"TTY_COMPATIBLE": "0", "FORCE_COLOR": "1"},
    {"TTY_COMPATIBLE": "1"},
    {"TTY_COMPATIBLE": "1", "FORCE_COLOR": ""},
]


@pytest.mark.parametrize("variables", CASES, ids=str)
@pytest.mark.parametrize("terminal", [True, False])
def test_it_agrees_with_rich(monkeypatch, variables, terminal):
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal)
    console = Console(legacy_windows=False)
    assert output.columns() == console.width
    assert output.shows_colors() == (console.is_terminal and not console.no_color)


def test_what_a_person_says_of_the_columns_holds_for_a_dumb_terminal(monkeypatch):
    """Versions of Rich differ here."""
    for name, value in {"FORCE_COLOR": "1", "TERM": "dumb", "COLUMNS": "57"}.items():
        monkeypatch.setenv(name, value)
    assert output.columns() == 57


@pytest.mark.parametrize(
    ("told", "columns"), [("57", 57), ("", 0), ("0", 0), ("-5", 0), ("wide", 0), ("²", 0)]
)
def test_columns_that_are_told(monkeypatch, told, columns):
    """Rich ends with a ValueError at a digit that stands in no number."""
    monkeypatch.setenv("COLUMNS", told)
    assert output.told_columns() == columns
