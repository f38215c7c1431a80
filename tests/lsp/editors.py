"""A new workspace with the settings of an editor, what a person does there, and what they see."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

from tests.lsp.client import PATIENCE
from tests.support import kit
from tests.support.warm import learners_environment

SCRIPTS = Path(__file__).with_name("scripts")
MODULE = "tinytorch/activations.py"
STUB = '    raise NotImplementedError("02 activations: relu")'
WRONG = "    return np.abs(x)"
LAW = "relu(x) equals max(x, 0), element by element."


def workspace(folder, editor):
    """A workspace as `tito init --editor` makes it, with 02 open."""
    root = folder.resolve() / "my-torch"
    kit.tito("init", str(root), "--no-git", "--editor", editor)
    file = root / "pyproject.toml"
    text = file.read_text(encoding="utf-8")
    borrowing = '[tool.pytest.ini_options]\ntinytorch_borrow = "01"\n'
    file.write_text(text.replace("[tool.pytest.ini_options]\n", borrowing), encoding="utf-8")
    assert borrowing in file.read_text(encoding="utf-8")
    return root


def steps(folder, root):
    """What a person does: a file for the script of an editor."""
    todo = folder / "steps.json"
    table = {
        "module": str(root / MODULE),
        "head": "def relu(x",
        "stub": STUB,
        "wrong": WRONG,
        "right": "    return np.maximum(x, 0)",
        "loop": "    while True: pass",
        "action": "Hint 1 for relu",
        "said": "relu, hint 1 of 3",
        "seen": str(folder / "seen.json"),
        "patience": PATIENCE,
    }
    todo.write_text(json.dumps(table), encoding="utf-8")
    return {"STEPS": str(todo)}


def run(command, root, given):
    """Let an editor do its steps in a workspace, and end."""
    done = subprocess.run(
        command,
        cwd=root,
        env=learners_environment() | given,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=10 * PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def seen(folder):
    """What a person saw, once the editor has ended."""
    found = json.loads((folder / "seen.json").read_text(encoding="utf-8"))
    assert "missing" not in found, found
    return found


def checked(found):
    """What is the same in every editor."""
    hints = [one["message"] for one in found["hints"]]
    assert any("relu is still to do, and " in text for text in hints), hints
    assert [LAW in one["message"] for one in found["errors"]] == [True]
    assert f"✗ {LAW}" in "\n".join(found["hover"])
    assert found["mended"]


def processes_below(root):
    """Processes whose folder is in a workspace, where the system tells."""
    found = []
    for place in Path("/proc").glob("[0-9]*") if os.path.isdir("/proc") else ():  # noqa: PTH112
        try:
            if (place / "cwd").resolve().is_relative_to(root):
                found.append(place.name)
        except OSError:
            continue
    return found


def gone(root):
    """Waits until no process is left in a workspace."""
    for _ in range(PATIENCE * 10):
        if not processes_below(root):
            return True
        time.sleep(0.1)
    return False
