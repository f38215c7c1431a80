"""What is shown once something comes back or changes without a save: a path, a text, half a line, a stub."""

from __future__ import annotations

import pytest

from tests.lsp.client import editing
from tests.lsp.test_server import (
    BOTH,
    ERROR,
    HINT,
    INFORMATION,
    LAW,
    OPPOSITE,
    OTHER,
    module,
    shows,
)
from tests.support import kit, toy
from tests.watch.test_watch import ENDLESS, RIGHT, WRONG

CREATE, REFRESH = "window/workDoneProgress/create", "workspace/codeLens/refresh"
WRONG_DOUBLE = toy.REFERENCE["doubling"].replace("x, x", "x, 1")
TWICE = "double(x) equals 2 x."
HALF = BOTH.replace("    return x - y", "    # half\n    return (x -")
"""A line more, and a bracket that is open."""


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A toy workspace with 02 written."""
    toy.build(tmp_path.resolve())
    toy.solve(tmp_path, "doubling")
    monkeypatch.chdir(tmp_path.resolve())
    return tmp_path.resolve()


def titles(editor, file):
    """What stands above the exercises."""
    return [one["command"]["title"] for one in editor.about(file, "codeLens")][::3]


def until_titled(editor, file, *expected):
    """Waits until this stands above the exercises; the editor is told when to ask."""
    while titles(editor, file) != [*expected]:
        editor.wait(REFRESH)


def heads(editor, file):
    """What is said of a module as a whole: states."""
    return [one["code"] for one in editor.diagnostics(file, INFORMATION)]


def number(editor):
    """The checkpoint that the status line has."""
    told = [one["params"] for one in editor.seen if one["method"] == "tinytorch/status"]
    return told[-1]["checkpoint"]["number"] if told else ""


def is_checking(editor):
    """Whether the status line says that something is checked."""
    told = [one["params"] for one in editor.seen if one["method"] == "tinytorch/status"]
    return bool(told and told[-1]["checking"])


def runs_begun(editor):
    return [one["method"] for one in editor.seen].count(CREATE)


class TestPaths:
    def test_that_a_command_changes_are_followed_without_a_save(self, root):
        file = module(root, "doubling")
        with editing(root) as editor:
            editor.open(file)
            editor.until(lambda: heads(editor, file) == ["locked"])
            for _ in range(2):
                kit.tito("path", "borrow", "01")
                editor.until(lambda: heads(editor, file) == [] and number(editor) == "03")
                until_titled(editor, file, "2 of 2 laws hold")
                kit.tito("path", "leave")
                editor.until(lambda: heads(editor, file) == ["locked"] and number(editor) == "01")
                until_titled(editor, file, "locked: ? of 2 laws hold")

    def test_show_what_is_wrong_anew_and_what_is_borrowed_as_that(self, root):
        file = module(root, "doubling")
        toy.write(root, {"tinytorch/doubling.py": WRONG_DOUBLE})
        kit.tito("path", "borrow", "01")
        with editing(root) as editor:
            editor.open(file)
            shows(editor, file, TWICE)
            kit.tito("path", "borrow", "01-02")
            shows(editor, file)
            editor.until(lambda: heads(editor, file) == ["borrowed"])
            assert titles(editor, file) == ["borrowed"]
            editor.execute("tinytorch.run", file.as_uri(), "double")
            assert "is borrowed" in editor.wait("window/showMessage")["message"]
            kit.tito("path", "borrow", "01")
            shows(editor, file, TWICE)

    def test_leave_a_verdict_that_needs_nothing_of_the_learners_own_file(self, root):
        """01 is borrowed, so what is written in its file changes nothing for 02."""
        file, own = module(root, "doubling"), module(root)
        toy.write(root, {"tinytorch/doubling.py": WRONG_DOUBLE})
        kit.tito("path", "borrow", "01")
        with editing(root) as editor:
            editor.open(file)
            shows(editor, file, TWICE)
            editor.open(own)
            editor.seen.clear()
            editor.save(own, WRONG)
            editor.until(lambda: is_checking(editor))
            editor.until(lambda: not is_checking(editor))
            assert TWICE in str(editor.diagnostics(file, ERROR))

    def test_what_a_run_in_a_terminal_proves_is_seen(self, root):
        toy.solve(root, "adding")
        file = module(root, "squaring")
        with editing(root) as editor:
            editor.open(file)
            editor.until(lambda: number(editor) == "00")
            assert toy.pytest_in(root, "--checkpoint", "01-02").code == 0
            editor.until(lambda: number(editor) == "03")


class TestTexts:
    def test_that_were_judged_before_are_not_run_again(self, root):
        file = module(root)
        toy.write(root, {"tinytorch/adding.py": OTHER})
        with editing(root) as editor:
            editor.open(file)
            shows(editor, file, OPPOSITE)
            editor.type(file, WRONG)
            shows(editor, file, f"unsaved: {LAW}")
            editor.until(lambda: not is_checking(editor))
            editor.seen.clear()
            for text, found in ((OTHER, OPPOSITE), (WRONG, f"unsaved: {LAW}"), (OTHER, OPPOSITE)):
                editor.type(file, text)
                shows(editor, file, found)
                editor.wait(REFRESH)  # once it is clear whether there is something to run
            editor.type(file, OTHER)  # as an editor does that reads the file again
            assert titles(editor, file) == ["1 of 1 law holds", "0 of 1 law holds"]
            editor.type(file, WRONG)
            shows(editor, file, f"unsaved: {LAW}")
            editor.close(file)
            editor.open(file)
            assert titles(editor, file) == ["1 of 1 law holds", "0 of 1 law holds"]
            shows(editor, file, OPPOSITE)
            assert not runs_begun(editor)

    def test_that_come_back_end_the_run_of_what_was_typed(self, root):
        file = module(root)
        toy.write(root, {"tinytorch/adding.py": OTHER})
        with editing(root) as editor:
            editor.open(file)
            shows(editor, file, OPPOSITE)
            editor.until(lambda: not is_checking(editor))
            editor.seen.clear()
            editor.type(file, ENDLESS)
            editor.until(lambda: is_checking(editor))
            editor.type(file, OTHER)
            editor.until(lambda: not is_checking(editor))
            shows(editor, file, OPPOSITE)
            assert runs_begun(editor) == 1

    def test_are_judged_anew_by_other_specs(self, root):
        file, specs = module(root), root / "specs/test_01_adding.py"
        toy.write(root, {"tinytorch/adding.py": RIGHT})
        with editing(root) as editor:
            editor.open(file)
            editor.type(file, OTHER)
            shows(editor, file, f"unsaved: {OPPOSITE}")
            editor.type(file, WRONG)
            shows(editor, file, f"unsaved: {LAW}")
            text = specs.read_text(encoding="utf-8")
            specs.write_text(text.replace("negate(3) == -3", "negate(3) == 3"), encoding="utf-8")
            shows(editor, file, f"unsaved: {LAW}", OPPOSITE)
            editor.type(file, OTHER)
            shows(editor, file)


class TestHalfALine:
    def test_leaves_lenses_hints_and_actions_where_they_belong(self, root):
        file = module(root)
        toy.write(root, {"tinytorch/adding.py": BOTH})
        with editing(root) as editor:
            editor.open(file)
            shows(editor, file, LAW, OPPOSITE)
            editor.type(file, HALF)
            shows(editor, file, "SyntaxError (unsaved): '(' was never closed")
            lenses = editor.about(file, "codeLens")[::3]
            assert [one["range"]["start"]["line"] for one in lenses] == [3, 9]
            assert titles(editor, file) == ["? of 1 law holds, not judged yet"] * 2
            uri = file.as_uri()
            assert "What is zero" in editor.execute("tinytorch.hint", uri, "negate", 1)
            place = {"line": 9, "character": 4}
            hover = editor.about(file, "hover", position=place)["contents"]["value"]
            assert "negate(x) equals -x." in hover
            where = {"start": place, "end": place}
            found = editor.about(file, "codeAction", range=where, context={"diagnostics": []})
            assert {"Hint 1 for negate", "Open the lesson at negate"} <= {
                one["title"] for one in found
            }

    def test_gives_no_numbers_to_whoever_runs_it(self, root):
        """It was "0 of 2 laws hold", while the lens said that they were not judged."""
        file = module(root)
        with editing(root) as editor:
            editor.open(file)
            editor.save(file, HALF)
            shows(editor, file, "SyntaxError: '(' was never closed")
            editor.execute("tinytorch.run", file.as_uri(), "add")
            told = editor.wait("window/showMessage")["message"]
            assert told == "01 adding: adding.py does not parse"

    def test_can_be_reset(self, root):
        file = module(root)
        toy.write(root, {"tinytorch/adding.py": BOTH})
        with editing(root) as editor:
            editor.open(file)
            shows(editor, file, LAW, OPPOSITE)
            editor.type(file, HALF)
            place = {"line": 4, "character": 4}
            where = {"start": place, "end": place}
            found = editor.about(file, "codeAction", range=where, context={"diagnostics": []})
            (reset,) = [one for one in found if one["title"] == "Reset add to its stub"]
            ((edit,),) = [one["edits"] for one in reset["edit"]["documentChanges"]]
            editor.type(file, edit["newText"], edit["range"])
            shows(editor, file, OPPOSITE)
            assert titles(editor, file)[0] == "to do, unsaved: 0 of 1 law holds"

    def test_is_checked_no_more_once_its_error_is_there(self, root):
        """A run of what was saved before may go on; there is nothing to wait for."""
        file = module(root)
        with editing(root) as editor:
            editor.open(file)
            editor.save(file, RIGHT.replace("return -x", "while x:\n        pass"))
            editor.until(lambda: is_checking(editor))
            editor.seen.clear()
            editor.type(file, HALF)
            shows(editor, file, "SyntaxError (unsaved): '(' was never closed")
            while editor.wait("tinytorch/status")["checking"]:
                pass
            assert REFRESH not in [one["method"] for one in editor.seen], "the loop goes on"


def test_a_reset_leaves_unmarked_what_comes_to_the_same(root):
    """A spec may come to what was reset, for all that its source tells, and never does."""
    file, specs = module(root), root / "specs/test_01_adding.py"
    toy.write(root, {"tinytorch/adding.py": RIGHT})
    text = specs.read_text(encoding="utf-8").replace("import negate", "import add, negate")
    text = text.replace("negate(3) == -3", "negate(3) == -3 or add(1, 1)")
    specs.write_text(text, encoding="utf-8")
    stub = RIGHT.replace("    return x + y", '    raise NotImplementedError("01 adding: add")')
    with editing(root) as editor:
        editor.open(file)
        until_titled(editor, file, *["1 of 1 law holds"] * 2)
        editor.type(file, stub)
        until_titled(editor, file, "to do, unsaved: 0 of 1 law holds", "1 of 1 law holds")
        editor.type(file, stub.replace("return -x", "return x"))
        first = "to do, unsaved: 0 of 1 law holds"
        until_titled(editor, file, first, "unsaved: 0 of 1 law holds, 1 waits for other exercises")


def test_an_exercise_that_is_reset_is_unsaved_and_to_do_at_once(root):
    file = module(root)
    toy.write(root, {"tinytorch/adding.py": BOTH})
    stub = BOTH.replace("    return x - y", '    raise NotImplementedError("01 adding: add")')
    with editing(root) as editor:
        editor.open(file)
        shows(editor, file, LAW, OPPOSITE)
        editor.until(lambda: not is_checking(editor))
        editor.seen.clear()
        editor.type(file, stub)
        editor.until(lambda: editor.diagnostics(file, HINT))
        assert not any(one["method"] == "tinytorch/status" for one in editor.seen), "before a run"
        (one,) = editor.diagnostics(file, HINT)
        assert one["message"] == "add is still to do (unsaved), and 1 law waits for it"
        shows(editor, file, OPPOSITE)
        assert titles(editor, file)[0] == "to do, unsaved: 0 of 1 law holds"
        editor.save(file, stub)
        editor.until(lambda: "unsaved" not in str(editor.diagnostics(file)))
