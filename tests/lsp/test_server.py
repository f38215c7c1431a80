"""`tito lsp` as an editor has it: what stands in the line after each save and while somebody types."""

from __future__ import annotations

import time

import pytest

from pytest_tinytorch.evidence import ledger
from tests.lsp.client import ABLE, PATIENCE, editing
from tests.support import kit, toy
from tests.watch.test_watch import ENDLESS, RIGHT, TIRED, UNFINISHED, WRONG, processes_in

ERROR, INFORMATION, HINT = 1, 3, 4
OTHER = RIGHT.replace("return -x", "return x")
BOTH = OTHER.replace("x + y", "x - y")
STUB = toy.REFERENCE["adding"].replace(
    "return x + y", 'raise NotImplementedError("01 adding: add")'
)


@pytest.fixture
def root(tmp_path):
    """A toy workspace with nothing done."""
    return toy.build(tmp_path.resolve())


def module(root, name="adding"):
    return root / "tinytorch" / f"{name}.py"


def first_lines(found):
    return [one["message"].splitlines()[0] for one in found]


def shows(editor, file, *messages):
    """Waits until the errors of a file begin so."""
    editor.until(lambda: first_lines(editor.diagnostics(file, ERROR)) == [*messages])


def passes(editor):
    """Waits until checkpoint 01 is passed."""
    while editor.wait("tinytorch/status")["checkpoint"]["number"] < "02":
        pass


def codes(editor, file):
    return sorted(one["code"] for one in editor.diagnostics(file))


LAW = "add(x, y) equals x + y."
OPPOSITE = "negate(x) equals -x."


class TestSaves:
    def test_bring_the_verdict_to_the_line_and_take_it_away(self, root):
        file = module(root)
        with editing(root) as editor:
            editor.open(file)
            editor.until(lambda: codes(editor, file) == ["todo", "todo"])
            assert [one["range"]["start"]["line"] for one in editor.diagnostics(file, HINT)] == [
                8,
                13,
            ]
            editor.save(file, WRONG)
            shows(editor, file, LAW)
            (one,) = editor.diagnostics(file)
            assert one["range"] == {
                "start": {"line": 3, "character": 0},
                "end": {"line": 3, "character": 14},
            }
            assert (one["code"], one["source"]) == ("wrong", "tinytorch")
            (law,) = one["relatedInformation"]
            assert law["location"]["uri"] == (root / "specs/test_01_adding.py").as_uri()
            assert law["location"]["range"]["start"]["line"] == 9
            editor.save(file, RIGHT)
            shows(editor, file)
            editor.save(file, UNFINISHED)
            shows(editor, file, "SyntaxError: invalid syntax")
            assert "first look: SyntaxError" not in str(editor.seen), "it is final at once"
            (one,) = editor.diagnostics(file)
            assert (one["code"], one["range"]["start"]["line"]) == ("broken", 5)
            assert editor.end() == 0
        assert processes_in(root) == []

    def test_open_a_module_that_said_what_it_waits_for(self, root):
        file = module(root, "doubling")
        with editing(root) as editor:
            editor.open(file)
            editor.until(lambda: codes(editor, file) == ["locked", "todo"])
            (one,) = editor.diagnostics(file, INFORMATION)
            assert " ".join(one["message"].split()) == (
                "02 doubling opens after 01; you are at 00. To begin here now: tito path borrow 01"
            )
            assert one["range"]["start"]["line"] == 0
            toy.solve(root, "adding")
            editor.until(lambda: codes(editor, file) == ["todo"])

    def test_are_noticed_whoever_saves(self, root):
        file = module(root)
        toy.solve(root, "adding")
        with editing(root) as editor:
            editor.open(file)
            passes(editor)
            other = module(root, "doubling")  # is not open
            other.write_text(toy.REFERENCE["doubling"].replace("x, x", "x, 1"), encoding="utf-8")
            shows(editor, other, "double(x) equals 2 x.")

    def test_end_endless_loops(self, root):
        file = module(root)
        with editing(root) as editor:
            editor.open(file)
            editor.save(file, WRONG)
            shows(editor, file, LAW)
            editor.save(file, ENDLESS)
            shows(editor, file)  # what is about older source goes while nothing is known
            editor.save(file, OTHER)
            shows(editor, file, OPPOSITE)

    def test_say_what_to_do_about_a_loop(self, root):
        file = module(root)
        toy.write(root, {"pytest.ini": toy.CONFIGURATION + "timeout = 1\n"})
        with editing(root) as editor:
            editor.open(file)
            editor.save(file, ENDLESS)
            editor.until(lambda: editor.diagnostics(file, ERROR))
            (one,) = editor.diagnostics(file, ERROR)
            told = " ".join(one["message"].split())
            assert "Broken: no verdict after 1 s of CPU time: is there a loop that never e" in told
            assert "let each loop end" in told
            assert "--timeout" not in told, "that is for a terminal"

    def test_leave_a_verdict_in_sight_that_they_do_not_reach(self, root):
        file = module(root)
        with editing(root) as editor:
            editor.open(file)
            editor.save(file, BOTH)
            shows(editor, file, LAW, OPPOSITE)
            editor.seen.clear()
            editor.save(file, "# new\n" + OTHER)
            shows(editor, file, OPPOSITE)
            loop = ENDLESS.replace("return -x", "return x")
            editor.save(file, loop)
            editor.save(file, "# new\n" + BOTH)
            shows(editor, file, LAW, OPPOSITE)
            editor.save(file, "# new\n" + loop)
            shows(editor, file, OPPOSITE)  # while the loop goes on
            (one,) = editor.diagnostics(file)
            assert one["range"]["start"]["line"] == 10
            for message in editor.seen:
                if message["method"] == "textDocument/publishDiagnostics":
                    lines = first_lines(message["params"]["diagnostics"])
                    # On a busy machine a text is typed long enough before it is saved to be judged so.
                    assert OPPOSITE in [line.removeprefix("unsaved: ") for line in lines]

    def test_ten_in_a_second_end_with_the_last_and_each_shows_its_own(self, root):
        file, texts = module(root), {}
        kinds = {
            WRONG: LAW,
            UNFINISHED: "SyntaxError: invalid syntax",
            ENDLESS: None,
            OTHER: OPPOSITE,
            RIGHT: None,
        }
        with editing(root) as editor:
            editor.open(file)
            for number in range(30):
                text = [*kinds][number % 5] if number < 29 else OTHER
                editor.save(file, text)
                texts[editor.versions[file]] = text
                time.sleep(0.1)
            shows(editor, file, OPPOSITE)
            for message in editor.seen:
                params = message["params"]
                if message["method"] == "textDocument/publishDiagnostics":
                    for one in params["diagnostics"]:
                        told = one["message"].splitlines()[0].rpartition("first look: ")[2]
                        told = told.replace(" (unsaved)", "")  # on a busy machine it is told sooner
                        expected = kinds.get(texts.get(params.get("version")))
                        assert one["severity"] != ERROR or told.endswith(str(expected)), params
            assert editor.end() == 0
        assert processes_in(root) == []

    def test_bring_the_lens_of_an_editor_that_asks_only_when_it_is_told_something(self, root):
        file = module(root)
        able = {name: part for name, part in ABLE.items() if name != "workspace"}
        with editing(root, able) as editor:
            editor.open(file)
            for text in (RIGHT, RIGHT.replace("return -x", "return 0 - x")):  # nothing else to tell
                editor.save(file, text)
                title = ""
                while title != "1 of 1 law holds":
                    editor.wait("textDocument/publishDiagnostics")
                    title = editor.about(file, "codeLens")[0]["command"]["title"]

    def test_a_first_look_says_so_until_the_full_verdict_is_there(self, root):
        file = module(root)
        toy.solve(root, "adding")
        with editing(root) as editor:
            editor.open(file)
            look, found = [f"first look: {OPPOSITE}"], []
            for number in range(PATIENCE):
                editor.save(file, f"{RIGHT}# {number}\n")
                shows(editor, file)
                time.sleep(0.5)  # examples are drawn while nothing else is to do
                editor.save(file, f"{OTHER}# {number}\n")
                editor.until(lambda: editor.diagnostics(file, ERROR))
                found = first_lines(editor.diagnostics(file, ERROR))
                if found == look:
                    break
            assert found == look
            shows(editor, file, OPPOSITE)
            editor.save(file, TIRED)
            shows(editor, file, LAW)

    def test_a_given_file_that_does_not_parse_has_the_error_at_its_line(self, root):
        given = module(root, "helpers")
        given.write_text("x = 1\n", encoding="utf-8")
        with editing(root) as editor:
            editor.open(given)
            editor.save(given, "x = 1\n\nx x\n")
            shows(editor, given, "SyntaxError: invalid syntax")
            (one,) = editor.diagnostics(given)
            assert (one["code"], one["range"]["start"]["line"]) == ("broken", 2)
            editor.type(given, "x x\n")
            shows(editor, given, "SyntaxError (unsaved): invalid syntax")
            editor.save(given, "x = 2\n")
            shows(editor, given)

    def test_a_given_file_that_a_spec_imports_has_one_error(self, root):
        given, file = module(root, "helpers"), module(root)
        toy.write(root, {"tinytorch/helpers.py": "x = 1\n"})
        with editing(root) as editor:
            editor.open(given)
            editor.open(file)
            editor.save(file, f"import tinytorch.helpers\n{OTHER}")
            shows(editor, file, OPPOSITE)
            editor.save(given, "x x\n")
            editor.until(lambda: "SyntaxError" in str(editor.diagnostics(given, ERROR)))
            shows(editor, file)
            assert len(editor.diagnostics(given, ERROR)) == 1

    def test_a_spec_that_is_saved_counts_as_it_is_now(self, root):
        file = module(root)
        toy.solve(root, "adding")
        with editing(root) as editor:
            editor.open(file)
            passes(editor)
            specs = root / "specs" / "test_01_adding.py"
            text = specs.read_text(encoding="utf-8")
            specs.write_text(text.replace("negate(3) == -3", "negate(3) == 4"), encoding="utf-8")
            shows(editor, file, OPPOSITE)


class TestTyping:
    def test_is_judged_after_a_pause_and_leaves_nothing_behind(self, root):
        file = module(root)
        toy.solve(root, "adding")
        toy.pytest_in(root)
        with editing(root) as editor:
            editor.open(file)
            editor.type(file, WRONG)
            shows(editor, file, f"unsaved: {LAW}")
            before = kit.contents(root)
            editor.type(file, OTHER)
            shows(editor, file, f"unsaved: {OPPOSITE}")
            editor.type(file, RIGHT + "\n")
            shows(editor, file)
            editor.type(file, UNFINISHED)
            shows(editor, file, "SyntaxError (unsaved): invalid syntax")
            editor.end()
        assert kit.contents(root) == before
        assert file.read_text(encoding="utf-8") == RIGHT
        events = ledger.read_ledger(root / ".tinytorch" / "ledger.jsonl").events
        assert {event.verdict for event in events if event.unit == "checkpoint-01"} == {"passed"}

    def test_says_that_laws_hold_and_that_this_is_unsaved(self, root):
        file = module(root)
        titles = lambda: [one["command"]["title"] for one in editor.about(file, "codeLens")][::3]
        with editing(root) as editor:
            editor.open(file)
            editor.until(lambda: codes(editor, file) == ["todo", "todo"])
            assert titles() == ["to do: 0 of 1 law holds"] * 2
            editor.type(file, RIGHT)
            while titles() != ["unsaved: 1 of 1 law holds"] * 2:
                editor.wait("workspace/codeLens/refresh")
            editor.save(file, RIGHT)
            while titles() != ["1 of 1 law holds"] * 2:
                editor.wait("workspace/codeLens/refresh")

    def test_names_the_line_that_it_has_and_not_the_one_that_is_saved(self, root):
        file = module(root)
        with editing(root) as editor:
            editor.open(file)
            editor.type(file, "# new\n\n\n" + OTHER.replace("return x\n", "return 1 / 0\n"))
            shows(editor, file, f"unsaved: {OPPOSITE}")
            assert editor.diagnostics(file, ERROR)[0]["range"]["start"]["line"] == 13

    def test_an_endless_loop_gives_way_to_what_is_typed_next(self, root):
        file = module(root)
        toy.solve(root, "adding")
        with editing(root) as editor:
            editor.open(file)
            editor.type(file, WRONG)
            shows(editor, file, f"unsaved: {LAW}")
            editor.type(file, ENDLESS)
            shows(editor, file)
            editor.type(file, OTHER)
            shows(editor, file, f"unsaved: {OPPOSITE}")

    def test_back_to_what_is_saved_is_about_what_is_saved(self, root):
        file = module(root)
        toy.write(root, {"tinytorch/adding.py": OTHER})
        with editing(root) as editor:
            editor.open(file)
            shows(editor, file, OPPOSITE)
            editor.type(file, WRONG)
            shows(editor, file, f"unsaved: {LAW}")
            editor.type(file, OTHER)
            shows(editor, file, OPPOSITE)

    def test_what_is_closed_without_a_save_is_gone(self, root):
        file = module(root)
        toy.solve(root, "adding")
        with editing(root) as editor:
            editor.open(file)
            editor.type(file, WRONG)
            shows(editor, file, f"unsaved: {LAW}")
            editor.close(file)
            shows(editor, file)

    def test_a_module_that_was_never_saved_is_one(self, root):
        file = module(root)
        file.unlink()
        with editing(root) as editor:
            editor.open(file, OTHER)
            shows(editor, file, f"unsaved: {OPPOSITE}")
        assert not file.exists()
