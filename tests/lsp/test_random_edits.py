"""Random edits, saved and not: what stands at the lines is what a cold run says of the same bytes.

Documents are closed and opened, exercises reset, and paths chosen in between.
"""

from __future__ import annotations

import json
import random
import shutil
import time

import pytest
from lsprotocol import types
from pygls.workspace import PositionCodec

from pytest_tinytorch.lsp.edits import edited
from tests.lsp.client import editing
from tests.lsp.test_server import ERROR, INFORMATION, module
from tests.support import kit, toy
from tests.support.long import is_long

MODULES = {
    "adding": "01 adding: negate",
    "doubling": "02 doubling: double",
    "squaring": "03 squaring: square",
}
"""Modules, and what a stub in each says."""
BORROWING = {"": ["path", "leave"], "01": ["path", "borrow", "01"], "02": ["path", "borrow", "02"]}
"""Numbers of modules that are borrowed, and the command that makes it so."""
HALF = "(x +"
"""What does not parse has this."""


def variants(name):
    """What somebody may make of a module: right, wrong, half written, untouched, raising, renamed."""
    text = toy.REFERENCE[name]
    last = text.rstrip().rpartition("\n")[2]
    yield text
    yield text.replace(last, "    return None")
    yield text.replace(last, f"    return {HALF}")
    yield text.replace(last, "    raise ValueError('no')")
    yield text.replace("def ", "def my_")
    yield text.replace(last, f'    raise NotImplementedError("{MODULES[name]}")')
    yield f"# 😋\n\f\n{text.replace(last, '    return x')}"
    yield text.replace("\n", "\r\n")


def found_cold(root, texts, folder):
    """What a run in a new folder finds wrong: (state, file, line, specs) of each cause.

    No save runs a milestone, but this one would: they are open once what they need is borrowed.
    """
    shutil.rmtree(folder, ignore_errors=True)
    keep = shutil.ignore_patterns(".tinytorch", ".hypothesis", "__pycache__")
    shutil.copytree(root, folder, ignore=keep)
    for name, text in texts.items():
        module(folder, name).write_text(text, encoding="utf-8", newline="")
    told = folder / "causes.json"
    run = toy.pytest_in(
        folder,
        *("--checkpoint", "all", "-p", "causes_plugin", "--todo-ok"),
        variables={"CAUSES_FILE": str(told)},
    )
    assert told.exists(), run.output
    return sorted(map(tuple, json.loads(told.read_text(encoding="utf-8"))), key=str)


def found_in(editor, root):
    """The same, as the editor shows it; what it says of a file that no run has told of is left out."""
    found = []
    for name in MODULES:
        file = module(root, name)
        for one in editor.diagnostics(file, ERROR):
            line, place = one["range"]["start"]["line"] + 1, f"tinytorch/{name}.py"
            if one["data"]["nodeids"]:
                found.append((one["code"], place, line, one["data"]["nodeids"]))
    return sorted(found, key=str)


def says_what_does_not_parse(editor, root, texts):
    """Whether each file that does not parse says so, one of a locked module too, and no other does."""
    return all(
        any(
            "SyntaxError" in one["message"] for one in editor.diagnostics(module(root, name), ERROR)
        )
        is (HALF in text)
        for name, text in texts.items()
    )


def is_settled(editor, saved):
    """Whether nothing that is shown is a first look, nor about what is not saved although all is."""
    marks = [one["message"].partition(":")[0] for found in editor.shown.values() for one in found]
    return not any("first look" in mark or (saved and "unsaved" in mark) for mark in marks)


class Typist:
    """Somebody who edits at random.

    Attributes:
        texts: what each module has in the editor.
        held: modules that do not parse, and how many edits of others it stays so.
        borrowed: the number of the module that is borrowed, if any.
    """

    def __init__(self, editor, root, chance):
        self.editor, self.root, self.chance = editor, root, chance
        self.texts = {name: toy.REFERENCE[name] for name in MODULES}
        self.kinds = {name: [*variants(name)] for name in MODULES}
        self.held = dict.fromkeys(MODULES, 0)
        self.borrowed = ""

    def edit(self):
        """Make one edit."""
        name = self.chance.choice([one for one in MODULES if not self.held[one]])
        self.held = {one: max(0, count - 1) for one, count in self.held.items()}
        kinds = [self.save, self.type, self.open_again, self.reset, self.choose]
        self.chance.choices(kinds, [10, 7, 2, 2, 1])[0](name)
        if HALF in self.texts[name] and sum(map(bool, self.held.values())) < 2:
            self.held[name] = self.chance.choice([0, 2])

    def save(self, name):
        self.texts[name] = self.chance.choice(self.kinds[name])
        self.editor.save(module(self.root, name), self.texts[name])

    def type(self, name):
        self.texts[name] = self.chance.choice(self.kinds[name])
        self.editor.type(module(self.root, name), self.texts[name])

    def open_again(self, name):
        """As `:e!` does: what is not saved is gone."""
        file = module(self.root, name)
        self.texts[name] = file.read_bytes().decode()
        self.editor.close(file)
        self.editor.open(file, self.texts[name])

    def reset(self, name):
        """Take the action that makes the last exercise its stub, if there is one."""
        file, lines = module(self.root, name), self.texts[name].split("\n")
        heads = [number for number, line in enumerate(lines) if line.startswith("def ")]
        place = {"line": heads[-1], "character": 0}
        where = {"start": place, "end": place}
        found = self.editor.about(file, "codeAction", range=where, context={"diagnostics": []})
        for action in found:
            if action["title"].startswith("Reset"):
                ((edit,),) = [one["edits"] for one in action["edit"]["documentChanges"]]
                self.texts[name] = applied(self.texts[name], edit)
                self.editor.type(file, edit["newText"], edit["range"])

    def choose(self, _):
        """Borrow a module in a terminal, or give it back."""
        self.borrowed = self.chance.choice([one for one in BORROWING if one != self.borrowed])
        kit.tito(*BORROWING[self.borrowed])

    def has_saved_all(self):
        texts = self.texts.items()
        return all(module(self.root, one).read_bytes() == text.encode() for one, text in texts)


def applied(text, edit):
    """A text after an edit, as an editor makes it."""
    start, end = (types.Position(**edit["range"][name]) for name in ("start", "end"))
    place = types.Range(start, end)
    change = types.TextDocumentContentChangePartial(range=place, text=edit["newText"])
    return edited(text, [change], PositionCodec())


def says_what_is_borrowed(editor, root, borrowed):
    """Whether the module that is borrowed says so, and no other."""
    for text, name in zip(("01", "02", "03"), MODULES, strict=True):
        codes = [one["code"] for one in editor.diagnostics(module(root, name), INFORMATION)]
        if ("borrowed" in codes) is not (text == borrowed):
            return False
    return True


@pytest.mark.slow
def test_every_edit_gets_the_verdict_of_its_own_bytes(tmp_path, monkeypatch):
    root, cold = toy.build(tmp_path.resolve() / "here"), tmp_path / "cold"
    monkeypatch.chdir(root)
    chance = random.Random(1)
    toy.solve(root, *MODULES)
    with editing(root) as editor:
        typist = Typist(editor, root, chance)
        for name in MODULES:
            editor.open(module(root, name))
        for _ in range(200 if is_long() else 12):
            for _ in range(chance.choice([1, 1, 1, 5])):  # several in a second: the last one counts
                typist.edit()
                time.sleep(chance.random() * 0.1)
            saved, texts, borrowed = typist.has_saved_all(), {**typist.texts}, typist.borrowed
            expected = found_cold(root, texts, cold)
            editor.until(
                lambda expected=expected, saved=saved, texts=texts, borrowed=borrowed: (
                    found_in(editor, root) == expected
                    and says_what_does_not_parse(editor, root, texts)
                    and says_what_is_borrowed(editor, root, borrowed)
                    and is_settled(editor, saved)
                )
            )
        assert editor.end() == 0
