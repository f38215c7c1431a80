"""What editors do beside typing: ask, start, vanish, end, and leave out what they cannot do."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time

import click
import pytest

from pytest_tinytorch.lsp import answers
from pytest_tinytorch.tito.lsp import lsp
from tests.lsp.client import ABLE, PATIENCE, editing
from tests.lsp.test_server import ERROR, INFORMATION, LAW, module, passes, shows
from tests.support import toy
from tests.watch.test_watch import ENDLESS, RIGHT, WRONG, processes_in


@pytest.fixture
def root(tmp_path):
    """A toy workspace whose first module is wrong."""
    root = toy.build(tmp_path.resolve())
    toy.write(root, {"tinytorch/adding.py": WRONG, "lessons/01_adding.md": "# 01\n\n### `add`\n"})
    return root


def gone(root):
    """Waits until no process is left that was started in a folder."""
    for _ in range(PATIENCE * 10):
        if not processes_in(root):
            return True
        time.sleep(0.1)
    return False


class TestQuestions:
    def test_all_that_an_editor_may_ask(self, root):
        file = module(root)
        uri = file.as_uri()
        with editing(root) as editor:
            editor.open(file)
            shows(editor, file, LAW)
            lenses = editor.about(file, "codeLens")
            titles = [one["command"]["title"] for one in lenses]
            assert titles == ["0 of 1 law holds", "run", "hint", "1 of 1 law holds", "run", "hint"]
            head = {"line": 3, "character": 5}
            hover = editor.about(file, "hover", position=head)["contents"]
            assert "✗ add(x, y) equals x + y." in hover["value"]
            command = answers.alone("specs/test_01_adding.py::TestAdd::test_is_the_sum")
            assert command in hover["value"].splitlines(), "to be copied"
            assert editor.about(file, "hover", position={"line": 5, "character": 0}) is None
            found = editor.about(
                file,
                "codeAction",
                range={"start": head, "end": head},
                context={"diagnostics": editor.diagnostics(file)},
            )
            titled = {one["title"]: one for one in found}
            assert "Reset add to its stub" in titled
            law = titled[f"Show the command that runs this law alone: {LAW}"]["command"]
            assert editor.execute(law["command"], *law["arguments"]).endswith(
                "--pdb specs/test_01_adding.py::TestAdd::test_is_the_sum"
            )
            hints = [editor.execute("tinytorch.hint", uri, "add") for _ in range(4)]
            assert [text[:16] for text in hints] == [
                f"add, hint {number} of 3" for number in (1, 2, 3, 3)
            ]
            told = editor.wait("window/showMessage")["message"]
            assert "--pdb" in told
            assert "write breakpoint() there first" in told
            assert editor.wait("window/showMessage")["message"] == hints[0]
            assert editor.execute("tinytorch.hint", uri, "negate", 2).startswith("negate, hint 2")
            assert "✗ add(x, y)" in editor.execute("tinytorch.laws", uri, "add")
            editor.execute("tinytorch.lesson", uri, "add")
            shown = editor.wait("window/showDocument")
            assert shown["uri"] == (root / "lessons/01_adding.md").as_uri()
            assert shown["selection"]["start"]["line"] == 2
            editor.execute("tinytorch.run", uri, "add")
            while "1 of 2 laws hold" not in editor.wait("window/showMessage")["message"]:
                pass
            for command, arguments in (
                ("hint", [uri, "none"]),
                ("hint", [uri]),
                ("hint", [uri, "add", "x"]),
                ("law", [uri, "add", "x"]),
                ("debug", [uri, "add"]),
                ("run", ["file:///nowhere.py", "add"]),
            ):
                params = {"command": f"tinytorch.{command}", "arguments": arguments}
                assert editor.refused("workspace/executeCommand", params)["code"] == -32602

    @pytest.mark.parametrize(("encoding", "last"), [("utf-8", 28), ("utf-16", 26), (None, 26)])
    def test_columns_count_as_agreed(self, root, encoding, last):
        wrong = WRONG.replace("def add(x, y):", "def add(x, y, smile='😋'):")
        file = module(root)
        file.write_text(wrong, encoding="utf-8")
        able = ABLE | {"general": {"positionEncodings": [encoding]} if encoding else {}}
        with editing(root, able) as editor:
            agreed = editor.server["capabilities"]["positionEncoding"]
            assert agreed == (encoding or "utf-16")
            editor.open(file)
            shows(editor, file, LAW)
            assert editor.diagnostics(file, ERROR)[0]["range"]["end"]["character"] == last
            place = {"line": 5, "character": 13}
            editor.type(file, "+", {"start": place, "end": {"line": 5, "character": 14}})
            smile = {"line": 3, "character": last - 3}
            editor.type(file, "🙂", {"start": smile, "end": smile})
            shows(editor, file)
            editor.type(file, "'", {"start": smile, "end": smile})
            editor.until(lambda: "broken" in str(editor.diagnostics(file)))

    def test_what_an_editor_cannot_do_is_left_out(self, root):
        file = module(root)
        with editing(root, {}) as editor:
            editor.open(file)
            shows(editor, file, LAW)
            (one,) = editor.diagnostics(file, ERROR)
            assert "relatedInformation" not in one
            head = {"line": 3, "character": 5}
            hover = editor.about(file, "hover", position=head)["contents"]
            assert hover["kind"] == "plaintext"
            found = editor.about(
                file, "codeAction", range={"start": head, "end": head}, context={"diagnostics": []}
            )
            assert {type(one["command"]) for one in found} == {str}
            text = editor.execute("tinytorch.lesson", file.as_uri(), "add")
            assert text == f"{root / 'lessons/01_adding.md'}:3"
            methods = {message["method"] for message in editor.seen}
            assert methods == {"window/logMessage", "textDocument/publishDiagnostics"}

    def test_a_run_that_goes_on_is_shown_and_can_be_stopped(self, root):
        file = module(root)
        with editing(root) as editor:
            editor.open(file)
            shows(editor, file, LAW)
            editor.save(file, ENDLESS)
            while editor.wait("$/progress")["value"]["kind"] != "begin":
                pass
            begun = editor.seen[-1]["params"]
            token = begun["token"]
            assert begun["value"]["message"] == "checking 01 adding"
            assert editor.seen_last("tinytorch/status")["text"].startswith("checking 01 adding · ")
            (stop,) = (one for one in editor.actions(file, 0) if "Stop" in one["title"])
            assert stop["title"] == "Stop checking 01 adding", "at any line"
            text = ""
            while "loop that never ends?" not in text:
                text = editor.wait("$/progress")["value"].get("message", "")
            assert text.startswith("checking 01 adding: 1 of 2 specs so far. ")
            assert f"{LAW} It is in add, tinytorch/adding.py:" in text
            told = "checking 01 adding: a loop that never ends? · "
            assert editor.wait("tinytorch/status")["text"].startswith(told)
            (one,) = editor.diagnostics(file, INFORMATION)
            assert one["code"] == "slow", "some editors put it before the message"
            first, _, second = " ".join(one["message"].split()).partition("? ")
            assert first.startswith("add has been running for ")
            assert re.fullmatch(
                rf'It is ended after \d+ s. To stop it now: code action "{stop["title"]}".', second
            )
            lines = ENDLESS.splitlines()
            assert lines[one["range"]["start"]["line"]].strip() in ("while True:", "pass")
            assert editor.titles(file, 3)[1:] == ["stop", "hint"]
            command = stop["command"]
            editor.execute(command["command"], *command["arguments"])
            while editor.wait("$/progress") != {"token": token, "value": {"kind": "end"}}:
                pass
            text = editor.wait("window/showMessage")["message"]
            assert text == "Stopped checking 01 adding.", "short enough for the last line of Neovim"
            (left,) = editor.diagnostics(file)
            assert left["range"] == one["range"]
            assert " ".join(left["message"].split()) == (
                "You have stopped checking 01 adding. Its specs have no verdict on this source."
                " To try them: change the file and save it, or choose run above an exercise."
            )
            assert editor.titles(file, 3) == ["? of 1 law holds, stopped", "run", "hint"]
            assert not [one for one in editor.actions(file, 0) if "Stop" in one["title"]]
            editor.execute("tinytorch.stop")
            assert editor.wait("window/showMessage")["message"] == "Nothing is being checked."

    def test_a_person_can_stop_a_run_where_progress_is_shown(self, root):
        file = module(root)
        with editing(root) as editor:
            editor.open(file)
            shows(editor, file, LAW)
            editor.save(file, ENDLESS)
            while editor.wait("$/progress")["value"]["kind"] != "begin":
                pass
            token = editor.seen[-1]["params"]["token"]
            editor.tell("window/workDoneProgress/cancel", {"token": token})
            while editor.wait("$/progress") != {"token": token, "value": {"kind": "end"}}:
                pass
            assert "Stopped" in editor.wait("window/showMessage")["message"]
            (left,) = editor.diagnostics(file)
            assert (left["code"], left["range"]["start"]["line"]) == ("stopped", 0)
            editor.execute("tinytorch.run", file.as_uri(), "add")
            told = [m for m in editor.everything if m["method"].endswith("publishDiagnostics")]
            assert told[-1]["params"]["diagnostics"] == [], "before that is answered"
            editor.save(file, RIGHT)
            passes(editor)

    def test_what_takes_long_is_told_no_more_once_it_goes_on(self, root):
        """The loop ends when somebody says so, in the middle of the run."""
        file, door = module(root), root / "go-on"
        waits = f"import os\n    while not os.path.exists({str(door)!r}):\n        pass"
        slow = RIGHT.replace("    return x + y", f"    {waits}\n    return x + y")
        with editing(root) as editor:
            editor.open(file)
            shows(editor, file, LAW)
            editor.save(file, slow)
            editor.until(lambda: editor.diagnostics(file, INFORMATION))
            editor.seen.clear()
            door.touch()
            editor.until(lambda: not editor.diagnostics(file, INFORMATION))
            passes(editor)

    def test_a_question_may_be_taken_back(self, root):
        file = module(root)
        with editing(root) as editor:
            editor.open(file)
            number = editor.begin("textDocument/codeLens", {"textDocument": {"uri": file.as_uri()}})
            editor.tell("$/cancelRequest", {"id": number})
            assert set(editor.answers[number].get(timeout=PATIENCE)) & {"result", "error"}
            shows(editor, file, LAW)


class TestWorkspaces:
    def test_each_has_its_own_and_other_files_have_none(self, tmp_path):
        folder = tmp_path.resolve()
        roots = [toy.build(folder / name) for name in ("one", "two")]
        for root in roots:
            toy.write(root, {"tinytorch/adding.py": WRONG})
        alone = folder / "alone.py"
        alone.write_text("x = 1\n", encoding="utf-8")
        with editing(folder) as editor:
            editor.open(alone)
            for root in roots:
                editor.open(module(root))
            for root in roots:
                shows(editor, module(root), LAW)
            assert alone.as_uri() not in editor.shown
            event = {"added": [], "removed": [{"uri": roots[0].as_uri(), "name": "one"}]}
            editor.tell("workspace/didChangeWorkspaceFolders", {"event": event})
            shows(editor, module(roots[0]))
            assert gone(roots[0])
            editor.save(module(roots[1]), RIGHT)
            shows(editor, module(roots[1]))
            assert editor.end() == 0
        assert gone(roots[1])

    def test_a_document_without_a_file_is_left_alone(self, root):
        with editing(root) as editor:
            one = {"uri": "untitled:Untitled-1", "languageId": "python", "version": 1, "text": "x"}
            editor.tell("textDocument/didOpen", {"textDocument": one})
            place = {"textDocument": {"uri": one["uri"]}}
            assert editor.ask("textDocument/codeLens", place) == []

    def test_one_that_cannot_be_read_says_so_once(self, root):
        (root / "curriculum.toml").write_text("title = 3\n", encoding="utf-8")
        with editing(root) as editor:
            editor.open(module(root))
            assert "curriculum.toml" in editor.wait("window/showMessage")["message"]
            assert editor.about(module(root), "codeLens") == []

    def test_one_that_cannot_be_written_has_verdicts_all_the_same(self, root):
        shutil.rmtree(root / ".tinytorch", ignore_errors=True)
        (root / ".tinytorch").write_text("in the way\n", encoding="utf-8")
        with editing(root) as editor:
            editor.open(module(root))
            shows(editor, module(root), LAW)
            editor.save(module(root), RIGHT)
            shows(editor, module(root))


class TestEnds:
    def test_shutdown_and_exit_leave_nothing_running(self, root):
        with editing(root) as editor:
            editor.open(module(root))
            editor.save(module(root), ENDLESS)
            assert editor.end() == 0
        assert gone(root)

    def test_an_editor_that_vanishes_takes_everything_with_it(self, root):
        with editing(root) as editor:
            editor.open(module(root))
            shows(editor, module(root), LAW)
            editor.save(module(root), ENDLESS)
            editor.process.stdin.close()
            assert editor.process.wait(PATIENCE) == 1
        assert gone(root)

    @pytest.mark.skipif(sys.platform == "win32", reason="a process is ended otherwise there")
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
    def test_a_server_that_is_ended_takes_everything_with_it(self, root, number):
        with editing(root) as editor:
            editor.open(module(root))
            shows(editor, module(root), LAW)
            os.kill(editor.process.pid, number)
            editor.process.wait(PATIENCE)
        assert gone(root)


class TestCommand:
    def test_says_how_to_install_what_it_needs(self, root):
        toy.write(root, {"hiding/pygls.py": "raise ModuleNotFoundError(name='pygls')\n"})
        done = subprocess.run(
            [sys.executable, "-m", "pytest_tinytorch.tito", "lsp"],
            cwd=root,
            env=os.environ | {"PYTHONPATH": str(root / "hiding")},
            stdin=subprocess.PIPE,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert done.stderr == (
            'Error: the language server needs pygls: python -m pip install "pytest-tinytorch[lsp]"\n'
        )

    def test_is_for_editors(self, monkeypatch):
        monkeypatch.setattr(sys, "stdin", None)
        with pytest.raises(click.UsageError, match="tito watch"):
            lsp.callback(stdio=True)
