"""`tito docs`: lessons in a workspace, without them, and with a course that has none."""

from __future__ import annotations

import os
import re
import shutil
import tempfile

import pytest

from pytest_tinytorch.tito import drawings
from tests.support import toy
from tests.support.imports import imported_by
from tests.support.kit import tito


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("made") / "my-torch"
    tito("init", str(root), "--no-git")
    return root


@pytest.fixture
def workspace(made, tmp_path, monkeypatch):
    """A workspace as `tito init` makes it, with the current folder in it, and no browser."""
    monkeypatch.chdir(shutil.copytree(made, tmp_path / "my-torch"))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("webbrowser.open", lambda address: False)
    return tmp_path / "my-torch"


def test_a_lesson_stays_markdown_where_there_is_no_terminal(workspace, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    text = tito("docs", "05")
    assert text.startswith("# 05 · Autograd\n\n*Can I compute gradients?*\n")
    assert "- **It needs**: 01 tensor, 02 activations, 04 losses\n" in text, "no links"
    assert "f = (xy + y)² at x = 3" in text
    assert "```python\n>>> from tinytorch import Tensor\n" in text
    assert tito("docs", "softmax").startswith("### `softmax`\n")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "# 05" not in tito("docs", "05"), "a terminal, whatever Python says of it"


def test_a_lesson_is_drawn_without_colors_where_the_columns_are_told(workspace):
    text = tito("docs", "attention")
    assert "12 · Attention" in text
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 80
    assert "tito docs 05" in tito("docs")


FOREIGN = ("\x1b]0;title\a", "\x1b[2J", "a\x9bb", "\r")
"""What would do more to a terminal than color it."""


def kept_in(workspace):
    return sorted((workspace / drawings.FOLDER).glob("*"))


def test_a_drawing_is_kept_and_shown_again(workspace, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("LINES", "9999")  # no pager
    first = tito("docs", "05")
    assert "\x1b[1m" in first
    (file,) = kept_in(workspace)
    drawings.keep(file, "as it was drawn")
    assert tito("docs", "05") == "as it was drawn\n"
    monkeypatch.setenv("COLUMNS", "60")
    assert max(map(len, re.sub(r"\x1b\[[\d;]*m", "", tito("docs", "05")).splitlines())) <= 60
    monkeypatch.setenv("COLUMNS", "80")
    lesson = workspace / "lessons/05_autograd.md"
    lesson.write_text(lesson.read_text(encoding="utf-8") + "\nOne word.\n", encoding="utf-8")
    assert "One word." in tito("docs", "05")
    assert len(kept_in(workspace)) == 3


def test_a_lesson_that_is_shown_again_needs_nothing_that_draws(workspace):
    for expected in ({"rich.markdown", "rich.console"}, set()):
        found = imported_by(workspace, "-m", "pytest_tinytorch.tito", "docs", "05")
        assert found & {"rich.markdown", "rich.console", "pygments", "markdown_it"} >= expected
        assert expected or not found & {"rich.markdown", "rich.console", "pygments"}


@pytest.mark.parametrize(
    "kept", ["", "no lesson", *(f"{drawings.digest(text)}\n{text}" for text in FOREIGN)], ids=repr
)
def test_what_no_lesson_is_drawn_as_is_drawn_anew(workspace, kept):
    right = tito("docs", "softmax")
    (file,) = kept_in(workspace)
    whole = file.read_bytes()
    for damaged in (kept.encode(), b"\xff", whole[:-9], whole.replace(b"softmax", b"hardmax")):
        file.write_bytes(damaged)
        assert tito("docs", "softmax") == right
        assert file.read_bytes() == whole


def test_as_many_drawings_are_kept_as_a_course_has_lessons(workspace, monkeypatch):
    monkeypatch.setattr(drawings, "MOST", 2)
    for number in ("01", "02", "03"):
        tito("docs", number)
        if number == "02":
            first = kept_in(workspace)
            for age, file in enumerate(sorted(first, key=lambda one: one.stat().st_mtime_ns)):
                os.utime(file, (age, age))
    assert len(kept_in(workspace)) == 2
    assert len({*kept_in(workspace)} & {*first}) == 1


def test_where_nothing_can_be_kept_it_is_drawn(workspace):
    right = tito("docs", "softmax")
    shutil.rmtree(workspace / ".tinytorch")
    (workspace / ".tinytorch").write_text("no folder", encoding="utf-8")
    assert tito("docs", "softmax") == right


def test_an_exercise_opens_its_section(workspace):
    text = tito("docs", "softmax")
    assert text.startswith("softmax\n")
    assert "def softmax(" in text
    assert "gelu" not in text
    assert "tito docs 02" in text


def test_what_the_lesson_says_of_an_exercise_comes_with_it(workspace):
    text = tito("docs", "softmax")
    assert "In the lesson\n\nSoftmax ignores a common offset." in text
    assert "In the lesson" not in tito("docs", "where"), "it is a word of a sentence there"


def test_an_exercise_with_the_name_of_its_module(workspace):
    assert tito("docs", "01", "tensor").startswith("tensor\n")
    text = tito("docs", "tensor")
    assert "01 · Tensor" in text
    assert "(The exercise tensor: tito docs 01 tensor)" in text
    assert "For the exercise tensor: tito module hint 01 tensor" in tito("module", "hint", "tensor")


@pytest.mark.parametrize("width", [80, 40])
def test_a_docstring_keeps_its_indentation(workspace, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    lines = tito("docs", "as_array").partition("A hint")[0].splitlines()
    assert max(map(len, lines)) <= width
    body = lines[next(n for n, line in enumerate(lines) if line.startswith(" def")) + 1 :]
    assert all(not line or line.startswith("     ") for line in body)


def test_an_address_is_shown_once_and_no_link_leads_nowhere(workspace):
    text = tito("docs", "01")
    assert text.count("https://doi.org/10.1038/s41586-020-2649-2") == 1
    assert "All lessons" not in text


@pytest.mark.parametrize("width", [80, 40])
def test_each_lesson_fits(workspace, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    prose = [line for line in tito("docs", "07").splitlines() if not line.startswith(" ")]
    assert max(map(len, prose)) <= width


def test_the_file_is_named(workspace):
    assert tito("docs", "05", "--path").strip() == str(workspace / "lessons" / "05_autograd.md")
    assert tito("docs", "--path").strip() == str(workspace / "lessons")


def test_a_workspace_without_lessons_reads_those_of_the_installed_kit(workspace):
    shutil.rmtree(workspace / "lessons")
    assert "12 · Attention" in tito("docs", "attention")
    assert tito("docs", "05", "--path").strip().endswith("docs/modules/05_autograd.md")


def test_what_somebody_wrote_into_a_lesson_is_shown(workspace):
    (workspace / "lessons" / "05_autograd.md").write_text("# 05\n\nMine.\n", encoding="utf-8")
    assert "Mine." in tito("docs", "05")
    assert "says nothing of 'backward': tito docs 05" in tito("docs", "05", "backward", code=2)


def test_the_browser_gets_a_page_and_those_that_it_links_to(workspace, monkeypatch):
    opened = []
    monkeypatch.setattr("webbrowser.open", lambda address: opened.append(address) or True)
    tito("docs", "05", "backward", "--browser")
    file = workspace / ".tinytorch" / "lessons" / "05_autograd.html"
    assert opened == [file.as_uri() + "#backward"]
    assert 'id="backward"' in file.read_text(encoding="utf-8")
    assert (file.parent / "milestone_04_1998_cnn.html").is_file()
    tito("docs", "--browser")
    assert opened[1].endswith("/README.html")


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize("rows", ["10", "9999"])
def test_what_is_longer_than_the_terminal_goes_through_a_pager(
    workspace, monkeypatch, terminal, rows
):
    paged = []
    monkeypatch.setattr("click.echo_via_pager", paged.append)
    monkeypatch.setattr("pytest_tinytorch.terminal.output.is_terminal", lambda: terminal)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("LINES", rows)
    assert bool(tito("docs", "05")) is not bool(paged)
    assert bool(paged) is (terminal and rows == "10")


def test_a_lesson_that_is_no_text_is_named(workspace):
    lesson = workspace / "lessons/05_autograd.md"
    lesson.write_bytes(b"# Autograd\n\xff\n")
    text = tito("docs", "05", code=2)
    assert str(lesson) in text.replace("\n", "")
    assert "UTF-8" in text
    assert "tito update" in text
    assert "06" in tito("docs", "06"), "the others are read as before"


@pytest.mark.parametrize("words", [("05",), ("editors",)], ids=" ".join)
def test_a_page_that_cannot_be_written_is_named(workspace, words):
    shutil.rmtree(workspace / ".tinytorch", ignore_errors=True)
    (workspace / ".tinytorch").write_text("no folder", encoding="utf-8")
    text = tito("docs", *words, "--browser", code=1)
    assert "cannot be written: " in text
    assert "without --browser" in text


def test_a_browser_that_is_not_there(workspace):
    text = tito("docs", "05", "--browser", code=1)
    assert "no browser could be started: open" in text
    assert "05_autograd.html yourself" in text


@pytest.mark.parametrize(
    ("words", "says"),
    [("sofmax", "Did you mean 'softmax'"), ("04_layers", "layers is 03"), ("99", "no lesson")],
)
def test_what_is_no_lesson(workspace, words, says):
    text = tito("docs", words, code=2)
    assert says in text
    assert len(text.splitlines()) == 4, "usage, where help is, and one line"


def test_a_course_of_ones_own_may_have_none(tmp_path, monkeypatch):
    monkeypatch.chdir(toy.build(tmp_path))
    text = tito("docs", "adding", code=2)
    assert "01 adding has no lesson" in text
    assert "01 adding" in tito("docs")
    (tmp_path / "lessons").mkdir()
    (tmp_path / "lessons" / "01_adding.md").write_text("# Adding\n", encoding="utf-8")
    assert "Adding" in tito("docs", "adding")


def test_a_module_and_a_report_name_the_lesson(workspace):
    assert "tito docs 05" in tito("module", "start", "05")
    assert "Lesson  tito docs 00" in tito("report")
    assert "tito docs 05" in (workspace / "tinytorch" / "autograd.py").read_text(encoding="utf-8")
    assert "(lessons/README.md)" in (workspace / "README.md").read_text(encoding="utf-8")


class TestEditors:
    def test_the_page_opens_in_the_terminal(self, workspace):
        text = tito("docs", "editors")
        assert "The verdict in the line" in text
        assert "Ctrl-W d" in text
        assert "](" not in text
        assert tito("docs", "Editors") == text

    def test_it_opens_in_the_browser(self, workspace, monkeypatch):
        opened = []
        monkeypatch.setattr("webbrowser.open", lambda address: opened.append(address) or True)
        tito("docs", "editors", "--browser")
        assert opened == [(workspace / ".tinytorch/lessons/editors.html").as_uri()]
        text = (workspace / ".tinytorch/lessons/editors.html").read_text(encoding="utf-8")
        assert "<h3" in text
        assert "src=" not in text
        assert tito("docs", "editors", "--path").strip().endswith("docs/editors.md")

    def test_it_needs_no_workspace(self, tmp_path, monkeypatch):
        """Who sets up an editor may not have one yet."""
        monkeypatch.chdir(tmp_path)
        assert "The verdict in the line" in tito("docs", "editors")
        assert tito("docs", "editors", "--path").strip().endswith("docs/editors.md")
        opened = []
        monkeypatch.setattr("webbrowser.open", lambda address: opened.append(address) or True)
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        tito("docs", "editors", "--browser")
        (page,) = tmp_path.rglob("editors.html")
        assert opened == [page.as_uri()]
        assert "is not in a tinytorch workspace" in tito("docs", "05", code=2)

    def test_whoever_speaks_of_it_says_how(self, workspace):
        assert "`tito docs editors`" in tito("lsp", "--help")
        assert "tito docs editors" in tito("editor", "neovim")
        assert "tito docs editors" in tito("docs", "--help")
