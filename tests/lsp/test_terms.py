"""The terms of the protocol: positions, edits, questions taken back, progress, folders, the end."""

from __future__ import annotations

from copy import deepcopy

import pytest

from tests.lsp.client import ABLE, PATIENCE, editing
from tests.lsp.test_protocol import gone
from tests.lsp.test_server import ERROR, LAW, OPPOSITE, OTHER, module, shows
from tests.support import toy
from tests.support.long import is_long, one_in
from tests.watch.test_watch import RIGHT, WRONG

CANCELLED, NOT_READY, NOT_VALID, NO_SUCH, NOT_READABLE = -32800, -32002, -32600, -32601, -32602
"""Errors that the protocol names."""


@pytest.fixture
def root(tmp_path):
    """A toy workspace whose first module is wrong."""
    root = toy.build(tmp_path.resolve())
    toy.write(root, {"tinytorch/adding.py": WRONG, "lessons/01_adding.md": "# 01\n\n### `add`\n"})
    return root


def place(line, first, last):
    """A range in one line."""
    return {"start": {"line": line, "character": first}, "end": {"line": line, "character": last}}


class TestEdits:
    @pytest.mark.parametrize(
        ("encoding", "smile"), [("utf-16", 2), ("utf-8", 4), ("utf-32", 1)][: 3 if is_long() else 2]
    )
    def test_of_one_notification_build_on_each_other(self, root, encoding, smile):
        """What they come to is what is saved: otherwise the verdict would say unsaved."""
        file = module(root)
        saved = OTHER.replace('"""01 · Adding."""', '"""😋🙂 · 𝒳."""')
        assert saved != OTHER
        file.write_text(saved, encoding="utf-8", newline="")
        able = ABLE | {"general": {"positionEncodings": [encoding]}}
        typed = saved.replace('"""😋🙂 · 𝒳."""\n', '"""😋 · 𝒳𝒴."""\n\n')
        dot = {"utf-16": 1, "utf-8": 2, "utf-32": 1}[encoding]
        smiles = 3 + smile  # behind the first
        space = smiles + smile + 1 + dot  # behind the dot, once there are two smiles
        letter = space + 1 + smile  # the second
        blank = {"start": {"line": 1, "character": 0}, "end": {"line": 2, "character": 0}}
        changes = [
            {"range": place(0, smiles, smiles), "text": "🙂🙂"},
            {"range": place(0, smiles, smiles + smile), "text": ""},
            {"range": place(0, letter, letter + smile), "text": ""},
            {"range": place(0, space, space + 1), "text": ""},
            {"range": place(0, space, space), "text": " "},
            {"range": blank, "text": ""},
        ]
        with editing(root, able) as editor:
            editor.open(file, typed)
            shows(editor, file, f"unsaved: {OPPOSITE}")
            one = {"uri": file.as_uri(), "version": 2}
            editor.tell("textDocument/didChange", {"textDocument": one, "contentChanges": changes})
            shows(editor, file, OPPOSITE)


class TestQuestions:
    def test_are_answered_once_whether_they_are_taken_back_or_not(self, root):
        file = module(root)
        with editing(root) as editor:
            editor.open(file)
            asked = [
                editor.begin("textDocument/codeLens", {"textDocument": {"uri": file.as_uri()}})
                for _ in range(20)
            ]
            for number in [*asked, 10_000, "unknown"]:
                editor.tell("$/cancelRequest", {"id": number})
            shows(editor, file, LAW)
            for number in asked:
                message = editor.answers[number].get(timeout=PATIENCE)
                assert "result" in message or message["error"]["code"] == CANCELLED
                assert editor.answers[number].empty()

    def test_to_which_there_is_no_answer_are_refused(self, root):
        with editing(root) as editor:
            assert editor.refused("tinytorch/unknown", {})["code"] == NO_SUCH
            assert (
                editor.refused("textDocument/codeLens", {"textDocument": 1})["code"] == NOT_READABLE
            )
            editor.tell("$/unknown", {})
            assert editor.about(module(root), "codeLens") == []

    def test_before_the_beginning_and_after_the_end_are_refused(self, root):
        with editing(root, None) as editor:
            place = {"textDocument": {"uri": module(root).as_uri()}}
            assert editor.refused("textDocument/codeLens", place)["code"] == NOT_READY
            editor.initialize(ABLE)
            editor.ask("shutdown", None)
            assert editor.refused("textDocument/codeLens", place)["code"] == NOT_VALID
            editor.tell("exit", None)
            assert editor.process.wait(PATIENCE) == 0


class TestFolders:
    def test_that_are_opened_and_closed(self, tmp_path):
        folder = tmp_path.resolve()
        one, other = (toy.build(folder / name) for name in ("one", "other"))
        files = [module(root) for root in (one, other)]
        for file in files:
            file.write_text(WRONG, encoding="utf-8")

        def change(**event):
            named = {
                kind: [{"uri": root.as_uri(), "name": root.name} for root in roots]
                for kind, roots in ({"added": [], "removed": []} | event).items()
            }
            editor.tell("workspace/didChangeWorkspaceFolders", {"event": named})

        with editing(folder) as editor:
            editor.open(files[0])
            shows(editor, files[0], LAW)
            change(added=[other])
            assert editor.about(files[1], "codeLens") == []  # nothing of it is open
            assert gone(other)
            editor.open(files[1])
            shows(editor, files[1], LAW)
            change(removed=[one])
            shows(editor, files[0])
            assert editor.about(files[0], "codeLens") == []
            editor.type(files[0], RIGHT)
            assert gone(one)
            change(added=[one], removed=[other])
            shows(editor, files[1])
            editor.open(files[0], WRONG)
            shows(editor, files[0], LAW)
            assert gone(other)
            assert editor.end() == 0
        assert gone(folder)


class TestTheEnd:
    def test_without_the_word_before_it_is_an_error(self, root):
        with editing(root) as editor:
            editor.open(module(root))
            editor.tell("exit", None)
            assert editor.process.wait(PATIENCE) == 1
        assert gone(root)


PATHS = {
    "related": ("textDocument", "publishDiagnostics", "relatedInformation"),
    "markdown": ("textDocument", "hover", "contentFormat"),
    "literals": ("textDocument", "codeAction", "codeActionLiteralSupport"),
    "versioned": ("workspace", "workspaceEdit", "documentChanges"),
    "refreshes": ("workspace", "codeLens", "refreshSupport"),
    "shows_documents": ("window", "showDocument"),
    "progress": ("window", "workDoneProgress"),
    "status": ("experimental", "tinytorchStatus"),
    "encoding": ("general", "positionEncodings"),
}
"""Each optional capability of an editor, by what is lost without it."""


def able_without(path):
    """An editor that can do everything but one thing."""
    able = deepcopy(ABLE) | {"general": {"positionEncodings": ["utf-8"]}}
    *groups, last = path
    table = able
    for name in groups:
        table = table[name]
    del table[last]
    return able


def found_by(root, able):
    """Which of all that an editor finds."""
    file = module(root)
    with editing(root, able) as editor:
        editor.open(file)
        shows(editor, file, LAW)
        (one,) = editor.diagnostics(file, ERROR)
        head = {"line": 3, "character": 5}
        hover = editor.about(file, "hover", position=head)["contents"]
        where, context = {"start": head, "end": head}, {"diagnostics": []}
        actions = editor.about(file, "codeAction", range=where, context=context)
        reset = [action["edit"] for action in actions if "edit" in action]
        editor.execute("tinytorch.lesson", file.as_uri(), "add")
        assert len(editor.about(file, "codeLens")) == 6
        assert editor.end() == 0
        while editor.told.get(timeout=PATIENCE) is not None:
            pass
    methods = {message["method"] for message in editor.everything}
    return {
        "related": "relatedInformation" in one,
        "markdown": hover["kind"] == "markdown",
        "literals": bool(reset),
        "versioned": bool(reset) and "documentChanges" in reset[0],
        "refreshes": "workspace/codeLens/refresh" in methods,
        "shows_documents": "window/showDocument" in methods,
        "progress": "window/workDoneProgress/create" in methods,
        "status": "tinytorch/status" in methods,
        "encoding": editor.server["capabilities"]["positionEncoding"] == "utf-8",
    }


@pytest.mark.parametrize("name", one_in(3, [*PATHS]))
def test_an_editor_without_a_capability_loses_only_that(root, name):
    lost = {name, "versioned"} if name == "literals" else {name}
    found = found_by(root, able_without(PATHS[name]))
    assert {one for one, is_there in found.items() if not is_there} == lost
