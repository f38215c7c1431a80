"""Random edits, saved and not: what stands at the lines is what a cold run says of the same bytes."""

from __future__ import annotations

import json
import random
import shutil
import time

import pytest

from tests.lsp.client import editing
from tests.lsp.test_server import ERROR, module
from tests.support import toy
from tests.support.long import is_long

MODULES = {
    "adding": "01 adding: negate",
    "doubling": "02 doubling: double",
    "squaring": "03 squaring: square",
}
"""Modules, and what a stub in each says."""


def variants(name):
    """What somebody may make of a module: right, wrong, half written, untouched, raising, renamed."""
    text = toy.REFERENCE[name]
    last = text.rstrip().rpartition("\n")[2]
    yield text
    yield text.replace(last, "    return None")
    yield text.replace(last, "    return (x +")
    yield text.replace(last, "    raise ValueError('no')")
    yield text.replace("def ", "def my_")
    yield text.replace(last, f'    raise NotImplementedError("{MODULES[name]}")')
    yield f"# 😋\n\f\n{text.replace(last, '    return x')}"
    yield text.replace("\n", "\r\n")


def found_cold(root, texts, folder):
    """What a run in a new folder finds wrong: (state, file, line, specs) of each cause."""
    shutil.rmtree(folder, ignore_errors=True)
    keep = shutil.ignore_patterns(".tinytorch", ".hypothesis", "__pycache__")
    shutil.copytree(root, folder, ignore=keep)
    for name, text in texts.items():
        module(folder, name).write_text(text, encoding="utf-8", newline="")
    told = folder / "causes.json"
    run = toy.pytest_in(
        folder, "-p", "causes_plugin", "--todo-ok", variables={"CAUSES_FILE": str(told)}
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
        is ("(x +" in text)
        for name, text in texts.items()
    )


def is_settled(editor, saved):
    """Whether nothing that is shown is a first look, nor about what is not saved although all is."""
    marks = [one["message"].partition(":")[0] for found in editor.shown.values() for one in found]
    return not any("first look" in mark or (saved and "unsaved" in mark) for mark in marks)


@pytest.mark.slow
def test_every_edit_gets_the_verdict_of_its_own_bytes(tmp_path):
    root, cold = toy.build(tmp_path.resolve() / "here"), tmp_path / "cold"
    chance = random.Random(1)
    toy.solve(root, *MODULES)
    texts = {name: toy.REFERENCE[name] for name in MODULES}
    kinds = {name: [*variants(name)] for name in MODULES}
    with editing(root) as editor:
        for name in MODULES:
            editor.open(module(root, name))
        for _ in range(200 if is_long() else 12):
            for _ in range(chance.choice([1, 1, 1, 5])):  # several in a second: the last one counts
                name = chance.choice([*MODULES])
                texts[name] = chance.choice(kinds[name])
                edit = editor.save if chance.random() < 0.6 else editor.type
                edit(module(root, name), texts[name])
                time.sleep(chance.random() * 0.1)
            saved = all(
                module(root, name).read_bytes() == text.encode() for name, text in texts.items()
            )
            expected = found_cold(root, texts, cold)
            editor.until(
                lambda expected=expected, saved=saved: (
                    found_in(editor, root) == expected
                    and says_what_does_not_parse(editor, root, texts)
                    and is_settled(editor, saved)
                )
            )
        assert editor.end() == 0
