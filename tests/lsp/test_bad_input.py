"""What an editor shows while others are at work: programs, updates, and files that nobody may write."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from pytest_tinytorch.course.options import WORKSPACE_FILE
from pytest_tinytorch.watch.processes import may_fork
from tests.lsp.client import editing
from tests.lsp.test_protocol import gone
from tests.lsp.test_server import LAW, OPPOSITE, OTHER, module, passes, shows
from tests.support import kit, toy
from tests.watch.test_sharing import warm_in
from tests.watch.test_watch import ENDLESS, RIGHT, WRONG, processes_in, watching

NOBODY = 65534
NEW_LAW = "add(x, 0) equals x."
NEW_SPEC = f'''

class TestZero:
    """zero"""

    def test_adds_nothing(self):
        """{NEW_LAW}"""
        from tinytorch.adding import add

        assert add(3, 0) == 4
'''


@pytest.fixture
def root(tmp_path):
    """A toy workspace whose first module is wrong."""
    root = toy.build(tmp_path.resolve())
    toy.write(root, {"tinytorch/adding.py": WRONG})
    return root


@pytest.mark.skipif(not may_fork(), reason="each program has processes of its own here")
class TestOneProcess:
    def test_serves_watch_and_editor_and_outlives_either(self, root):
        file = module(root)
        with editing(root) as editor:
            with watching(root) as watch:
                editor.open(file)
                shows(editor, file, LAW)
                (first,) = warm_in(root)
                editor.save(file, OTHER)
                shows(editor, file, OPPOSITE)
                assert watch.verdict_on(root)["verdict"] == "wrong"
                editor.type(file, RIGHT)  # one judges what is typed, the other what is saved
                shows(editor, file)
                watch.press("\n")
                assert watch.verdict_on(root)["verdict"] == "wrong"
                assert warm_in(root) == [first]
                os.kill(watch.process.pid, signal.SIGKILL)
            editor.save(file, OTHER + "\n")
            shows(editor, file, OPPOSITE)
            assert warm_in(root) == [first]
            assert editor.end() == 0
        assert gone(root)

    def test_that_is_killed_is_begun_again_and_the_verdict_comes(self, root):
        file = module(root)
        with editing(root) as editor:
            editor.open(file)
            shows(editor, file, LAW)
            os.kill(*warm_in(root), signal.SIGKILL)
            editor.save(file, OTHER)
            shows(editor, file, OPPOSITE)
            assert editor.end() == 0
        assert processes_in(root) == []


def test_two_editors_each_have_what_is_typed_there(root):
    file = module(root)
    with editing(root) as one, editing(root) as other:
        for editor in (one, other):
            editor.open(file)
            shows(editor, file, LAW)
        one.type(file, OTHER)
        other.type(file, ENDLESS)
        shows(one, file, f"unsaved: {OPPOSITE}")
        other.type(file, RIGHT)
        shows(other, file)
        one.save(file, RIGHT)
        shows(one, file)
        assert not may_fork() or len(warm_in(root)) == 1
        one.process.kill()
        other.save(file, OTHER)
        shows(other, file, OPPOSITE)
        assert other.end() == 0
    assert gone(root)


class TestUpdates:
    def test_a_hint_that_is_saved_in_the_curriculum_is_the_one_that_is_shown(self, root):
        file, curriculum = module(root), root / "curriculum.toml"
        with editing(root) as editor:
            editor.open(file)
            shows(editor, file, LAW)
            hint = lambda: editor.execute("tinytorch.hint", file.as_uri(), "add", 1)
            assert hint().endswith("What is a sum?")
            text = curriculum.read_text(encoding="utf-8")
            curriculum.write_text("title = ", encoding="utf-8")
            assert hint().endswith("What is a sum?"), "what was there counts"
            curriculum.write_text(text.replace("What is a sum?", "How many?"), encoding="utf-8")
            assert hint().endswith("How many?")
            while "curriculum.toml" not in str(editor.wait("window/logMessage")):
                pass

    def test_specs_that_an_update_brings_are_run_and_counted(self, root):
        """As `tito update` does it: file by file, what lists them last."""
        file = module(root)
        toy.solve(root, "adding")
        with editing(root) as editor:
            editor.open(file)
            passes(editor)
            with (root / "specs/test_01_adding.py").open("a", encoding="utf-8") as specs:
                specs.write(NEW_SPEC)
            listed, old = root / WORKSPACE_FILE, "TestAdd::test_is_the_sum"
            text = listed.read_text(encoding="utf-8")
            listed.write_text(text[:40], encoding="utf-8")
            assert editor.about(file, "codeLens"), "what was there counts"
            added = f'{old}",\n      "specs/test_01_adding.py::TestZero::test_adds_nothing'
            listed.write_text(text.replace(old, added), encoding="utf-8")
            shows(editor, file, NEW_LAW)
            titles = [one["command"]["title"] for one in editor.about(file, "codeLens")]
            assert titles[0] == "1 of 2 laws hold"
            assert editor.end() == 0
        assert gone(root)

    def test_what_is_borrowed_while_it_is_open_counts_with_the_next_verdict(
        self, root, monkeypatch
    ):
        """In the settings, and where the last run in a terminal has borrowed it."""
        file, other = module(root), module(root, "doubling")
        monkeypatch.chdir(root)
        toy.solve(root, "doubling")
        texts = [toy.REFERENCE["doubling"] + "\n" * count for count in range(1, 4)]
        assert toy.pytest_in(root, "--borrow", "01", "--checkpoint", "02").code == 0
        with editing(root) as editor:
            editor.open(file)
            editor.open(other)
            editor.save(other, texts[0])
            while editor.wait("tinytorch/status")["checkpoint"]["number"] != "03":
                pass
            shows(editor, file)
            kit.tito("path", "leave")
            editor.save(other, texts[1])
            shows(editor, file, LAW)
            kit.tito("path", "borrow", "01")
            editor.save(other, texts[2])
            shows(editor, file)

    def test_a_checkpoint_that_an_update_takes_away_is_gone(self, root):
        file = module(root)
        toy.solve(root, "adding", "doubling", "squaring")
        with editing(root) as editor:
            editor.open(file)
            passes(editor)
            curriculum = root / "curriculum.toml"
            text = curriculum.read_text(encoding="utf-8")
            first, rest = text.split('[[checkpoints]]\nnumber = "03"')
            rest = rest.partition("[[milestones]]")[2].partition("[[milestones]]")[0]
            text = f"{first}[[milestones]]{rest}".replace('"squares"', '"more"')
            curriculum.write_text(text, encoding="utf-8")
            toy.remake_manifest(root)
            editor.save(file, OTHER)
            shows(editor, file, OPPOSITE)
            editor.save(file, RIGHT)
            shows(editor, file)


def as_nobody(root):
    """What begins a command of somebody who may read a workspace and write nothing in it."""
    words = []
    if os.getuid() == 0:
        words = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    for place in (root, *root.rglob("*")):
        if not place.is_symlink():
            place.chmod(0o555 if place.is_dir() else 0o444)
    return words


def can_start(words):
    """Whether what is started so can start a Python that has the kit."""
    inner = [sys.executable, "-c", "import pytest_tinytorch, pygls"]
    outer = [sys.executable, "-c", f"import subprocess; subprocess.run({inner}, check=True)"]
    return subprocess.run([*words, *outer], capture_output=True, check=False).returncode == 0


@pytest.fixture
def readable():
    """A folder that every user can come to."""
    place = Path(tempfile.mkdtemp()).resolve()
    place.chmod(0o755)
    yield place
    for folder in (place, *(one for one in place.rglob("*") if one.is_dir())):
        if not folder.is_symlink():
            folder.chmod(0o755)
    shutil.rmtree(place)


@pytest.mark.skipif(sys.platform == "win32", reason="a folder is kept from writing otherwise there")
def test_a_workspace_that_nobody_may_write_has_verdicts_and_stays_as_it_is(readable):
    root = toy.build(readable / "here")
    toy.write(root, {"tinytorch/adding.py": WRONG})
    (root / ".hypothesis/constants").unlink(missing_ok=True)
    before = kit.contents(root)
    words = as_nobody(root)
    if words and not (shutil.which(words[0]) and can_start(words)):
        pytest.skip("another user cannot start this Python")
    file = module(root)
    with editing(root, words=words) as editor:
        editor.open(file)
        shows(editor, file, LAW)
        editor.type(file, OTHER)
        shows(editor, file, f"unsaved: {OPPOSITE}")
        assert editor.end() == 0
    assert gone(root)
    assert kit.contents(root) == before
