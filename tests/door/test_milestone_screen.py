"""What a milestone's script shows while it trains, on a terminal and where there is none."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from milestones import screen
from milestones.screen import Lines, Screen


@pytest.fixture
def shown(monkeypatch):
    """A screen that writes into a string, and whose clock gains two seconds at each look."""
    monkeypatch.setattr("sys.argv", ["run.py"])
    seconds = iter(range(0, 1000, 2))
    monkeypatch.setattr(screen, "Lines", lambda clock: Lines(lambda: next(seconds)))

    def make(terminal):
        made = Screen(screen.unit("02"))
        made.console = Console(file=io.StringIO(), force_terminal=terminal, width=80)
        return made

    return make


def train(made, epochs):
    with made.training("a hidden layer", keep=False) as on_epoch:
        for epoch in range(1, epochs + 1):
            on_epoch({"loss": 1 / epoch})
    return made.console.file.getvalue()


def test_where_there_is_no_terminal_lines_say_how_far_it_is(shown):
    assert train(shown(False), 7).splitlines() == [
        "a hidden layer: loss 0.3333 after 3 epochs",
        "a hidden layer: loss 0.1667 after 6 epochs",
    ]


def test_what_is_soon_over_says_nothing_there(shown):
    assert train(shown(False), 2) == ""


def test_a_terminal_shows_a_curve_and_no_lines(monkeypatch, shown):
    monkeypatch.setattr(Lines, "due", lambda self: pytest.fail("asked for a line"))
    assert "a hidden layer: loss" in train(shown(True), 7)
