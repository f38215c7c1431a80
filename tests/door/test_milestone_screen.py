"""What a milestone's script shows while it trains, on a terminal and where there is none."""

from __future__ import annotations

import io
import sys

import pytest
from rich.console import Console

from milestones import plots, screen
from milestones.screen import Lines, Screen
from pytest_tinytorch import settings
from pytest_tinytorch.course.curriculumfile import load_curriculum
from pytest_tinytorch.export.journey.pictures import Picture, read_pictures
from tests.support import toy


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


class TestPictures:
    """What they are of is told by the files themselves; only where they are put depends on the options."""

    def draw(self, made, monkeypatch, folder):
        monkeypatch.setattr(plots, "PICTURES", folder)
        made.picture("02_answers", lambda axes: axes.plot([0, 1]))
        return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*.png"))

    def test_keep_the_digest_of_the_code_that_drew_them(self, shown, monkeypatch, tmp_path):
        made = shown(False)
        made.source = lambda: "student:0123456789abcdef"
        assert self.draw(made, monkeypatch, tmp_path) == ["02_answers.png"]
        data = (tmp_path / "02_answers.png").read_bytes()
        assert Picture("02_answers", data, len(data)).source == "student:0123456789abcdef"

    def test_of_the_worked_solution_are_put_aside(self, shown, monkeypatch, tmp_path):
        made = shown(False)
        folder = tmp_path / ".tinytorch" / "plots"
        self.draw(made, monkeypatch, folder)
        made.options.reference = True
        before = (folder / "02_answers.png").read_bytes()
        made.source = lambda: "reference:0"
        found = ["02_answers.png", "reference/02_answers.png"]
        assert self.draw(made, monkeypatch, folder) == found
        assert [one.data for one in read_pictures(tmp_path)] == [before]

    def test_a_script_gives_the_digest_of_what_it_began_with(self, monkeypatch, tmp_path):
        root = toy.build(tmp_path)
        toy.solve(root, "adding", "doubling")
        monkeypatch.setattr("sys.argv", ["run.py"])
        monkeypatch.setattr(screen, "ROOT", root)
        unit = load_curriculum(root / "curriculum.toml").unit("milestone-01")
        given = settings.workspace_at(root).found.grounds[unit.id].source
        told = []

        def show(made):
            toy.write(root, {"tinytorch/adding.py": "# saved while it trains\nX = 1\n"})
            told.append(made.source())
            return True

        with monkeypatch.context() as patch:
            patch.setattr("sys.meta_path", [*sys.meta_path])
            assert screen.play(unit, show) == 0
        assert told == [given]
