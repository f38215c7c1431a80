"""What a start costs: what is imported and parsed before anything runs. Counted, never timed."""

from __future__ import annotations

import ast
import gc
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_tinytorch.course import curriculumfile, entries, exercises
from pytest_tinytorch.course.options import Options
from pytest_tinytorch.evidence import digests, ledger, manifest
from pytest_tinytorch.evidence import workspace as workspace_module
from pytest_tinytorch.evidence.workspace import open_workspace
from pytest_tinytorch.tito.main import COMMANDS
from tests.support import kit, toy
from tests.support.imports import imported_by

SHOWS = ["--capabilities", "--timeline"]


@pytest.mark.parametrize("option", SHOWS)
def test_the_map_imports_nothing_that_specs_need(option):
    found = imported_by(kit.ROOT, "-m", "pytest", option)
    assert "pytest_tinytorch.terminal.screen" in found
    assert not found & {"hypothesis", "numpy", "tinytorch", "pytest_tinytorch.run.runner"}


@pytest.mark.parametrize("option", SHOWS)
def test_a_conftest_may_load_a_profile_even_where_the_map_is_shown(tmp_path, option):
    root = toy.build(tmp_path)
    line = "from hypothesis import settings\nsettings.load_profile('thorough')\n"
    toy.write(root, {"conftest.py": line})
    assert toy.pytest_in(root, option, cold=True).code == 0


NEVER = {"hypothesis", "numpy", "tinytorch", "pytest", "importlib.metadata", "subprocess"}
NEVER |= {
    "json",
    "graphlib",
    "tomllib",
    "rich.panel",
    "pytest_tinytorch.evidence.causes",
    "latex2mathml",
}
"""What no command that only shows something imports."""
FOR_SOME = {"rich.console", "rich.table", "rich.tree", "rich.markdown", "pygments", "difflib"}
"""What a command imports only if it draws with it."""


@pytest.mark.parametrize(
    ("command", "drawn_with"),
    [
        ("module hint 03", set()),
        ("milestone next", set()),
        ("milestone list", set()),
        ("docs 05 --path", set()),
        ("", {"rich.console"}),
        ("docs 05", set()),
        ("checkpoint status", {"rich.console"}),
        ("path", {"rich.console"}),
        ("report", {"rich.console"}),
        ("checkpoint timeline", {"rich.console", "rich.tree"}),
        ("module start 03", {"rich.console"}),
        ("module status", {"rich.console"}),
    ],
)
def test_a_command_imports_what_it_draws_with(command, drawn_with, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    found = imported_by(kit.ROOT, "-m", "pytest_tinytorch.tito", *command.split())
    assert "pytest_tinytorch.tito.session" in found
    assert found & (NEVER | FOR_SOME) == drawn_with
    assert not {name for name in found if name.startswith("pytest_tinytorch.export")}


@pytest.mark.parametrize("command", COMMANDS)
def test_help_imports_nothing_that_the_command_works_with(command):
    found = imported_by(kit.ROOT, "-m", "pytest_tinytorch.tito", command, "--help")
    assert "click.core" in found
    assert not found & (NEVER - {"json", "subprocess"} | {"pytest_tinytorch.grade.session"})


def test_the_package_of_the_learner_imports_little_by_itself():
    code = f"import sys; sys.path.insert(0, {str(kit.ROOT)!r}); import tinytorch"
    found = imported_by(kit.ROOT, "-S", "-c", code)
    assert "tinytorch" in found
    assert not found & {"typing", "re", "numpy"}


def test_a_lesson_that_is_drawn_without_colors_needs_no_language_of_code(tmp_path, monkeypatch):
    kit.tito("init", str(tmp_path / "new"), "--no-git")
    monkeypatch.setenv("COLUMNS", "80")
    found = imported_by(tmp_path / "new", "-m", "pytest_tinytorch.tito", "docs", "05")
    assert "rich.markdown" in found
    assert {name for name in found if name.startswith("pygments.lexers.")} <= {
        "pygments.lexers._mapping",
        "pygments.lexers.special",
    }


def ended(code: str) -> subprocess.CompletedProcess[str]:
    """What a program that runs `tito` leaves behind."""
    return subprocess.run(
        [sys.executable, "-c", f"import atexit, gc, os, sys\n{code}"],
        cwd=kit.ROOT,
        env=os.environ | {"PYTHONUNBUFFERED": "", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


class TestEnd:
    """A command ends as soon as it has said everything."""

    RUN = "from pytest_tinytorch.tito.__main__ import run\n"
    MAIN = RUN + "import pytest_tinytorch.tito.main as place\nplace.main = lambda prog_name: "

    def test_before_anybody_has_looked_for_garbage(self):
        code = "gc.callbacks.append(lambda *_: print('collected'))\n"
        done = ended(f"{self.RUN}gc.collect()\n{code}run()")
        assert done.returncode == 0
        assert "00 environment" in done.stdout
        assert "collected" not in done.stdout

    def test_before_objects_are_freed_one_by_one(self):
        code = "class One:\n    def __del__(self): print('freed', flush=True)\none = One()\n"
        assert "freed" in ended(code).stdout
        assert "freed" not in ended(f"{code}{self.RUN}run()").stdout

    def test_after_all_that_waits_for_the_end(self):
        done = ended(f"{self.MAIN}(atexit.register(print, 'last words'), sys.exit(3))\nrun()")
        assert (done.stdout, done.returncode) == ("last words\n", 3)

    @pytest.mark.parametrize(
        ("what", "said"), [("sys.exit('why')", "why"), ("1 / 0", "ZeroDivisionError")]
    )
    def test_as_python_has_it_where_it_ends_otherwise(self, what, said):
        done = ended(f"{self.MAIN}{what}\nrun()")
        assert said in done.stderr
        assert done.returncode == 1

    @pytest.mark.parametrize(
        ("error", "said"),
        [
            ("errno.ENOSPC, 'full'", "no space is left on the device that this is written to"),
            ("errno.ENOSPC, 'full', 'ledger.jsonl'", "no space is left on ledger.jsonl: free some"),
            ("errno.EACCES, 'not allowed', 'backups'", "Error: backups: not allowed"),
            ("errno.EACCES, 'no'", "PermissionError"),
        ],
    )
    def test_with_a_line_where_a_file_cannot_be_written(self, error, said):
        raises = f"(_ for _ in ()).throw(OSError({error}))"
        done = ended(f"import errno\n{self.MAIN}(print('kept'), {raises})\nrun()")
        assert (done.returncode, done.stdout) == (1, "kept\n")
        assert said in done.stderr
        assert ("Traceback" in done.stderr) == (said == "PermissionError")

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
    @pytest.mark.parametrize("command", [[], ["--help"], ["docs", "05"], ["module", "hint", "01"]])
    def test_with_a_line_where_nothing_can_be_written(self, command):
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(
                [sys.executable, "-m", "pytest_tinytorch.tito", *command],
                cwd=kit.ROOT,
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
            )
        assert done.returncode == 1
        assert done.stderr.startswith("Error: no space is left on the device")
        assert len(done.stderr.splitlines()) == 1

    def test_with_an_error_where_nobody_can_be_told_anything(self):
        done = ended(f"{self.MAIN}(print('lost'), os.close(1), sys.exit(0))\nrun()")
        assert done.returncode == 120  # Python's own code for it
        assert "atexit" not in done.stderr


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("[name in sys.modules for name in ('msgspec', 'typing_extensions')]", "[True, False]"),
        ("__import__('typing_extensions').__name__", "typing_extensions"),
    ],
)
def test_msgspec_does_without_what_other_packages_have_installed(what, said):
    pytest.importorskip("typing_extensions")  # else there is nothing to do without
    done = ended(f"{TestEnd.MAIN}print({what})\nrun()")
    assert done.stdout.strip() == said, done.stderr


def test_the_doctor_reads_plain_json_as_that(tmp_path):
    root = toy.build(tmp_path)
    toy.write(root, {".vscode/settings.json": '{"python.testing.pytestEnabled": true}'})
    found = imported_by(root, "-m", "pytest_tinytorch.tito", "doctor")
    assert "pytest_tinytorch.tito.surroundings" in found
    assert not found & {"json5", "hypothesis", "numpy"}


def test_all_paths_are_shown_from_what_was_read_once(tmp_path, monkeypatch):
    workspace = open_workspace(toy.build(tmp_path), Options(), "curriculum.toml")
    assert workspace.curriculum.learning_paths
    asked = [workspace.sources, workspace.ledger, workspace.manifest, workspace.standing]
    for module, name in ((ledger, "read_ledger"), (manifest, "read_manifest")):
        monkeypatch.setattr(module, name, lambda *_: pytest.fail("read again"))
    for path in workspace.curriculum.learning_paths:
        other = workspace.on_path(path.name)
        assert other.progress().learning_path == path
        assert [other.ledger, other.manifest, other.standing] == asked[1:]


def test_the_package_is_listed_once_for_all_paths(tmp_path, monkeypatch):
    workspace = open_workspace(toy.build(tmp_path), Options(), "curriculum.toml")
    assert workspace.sources
    monkeypatch.setattr(digests, "files_below", lambda folder: pytest.fail(f"{folder} again"))
    own = {file for file in workspace.sources if file.is_relative_to(tmp_path / "tinytorch")}
    for path in workspace.curriculum.learning_paths:
        assert own <= workspace.on_path(path.name).sources.keys()


def test_a_module_is_looked_through_for_stubs_once_for_all_paths(monkeypatch):
    workspace = open_workspace(kit.ROOT, Options())
    assert len(workspace.untouched) == 20
    monkeypatch.setattr(workspace_module, "any_untouched", lambda *_: pytest.fail("again"))
    for path in workspace.curriculum.learning_paths:
        other = workspace.on_path(path.name)
        assert other.untouched == workspace.untouched - other.borrowed()


@pytest.mark.parametrize("borrow", [None, "01"])
def test_on_each_path_a_unit_depends_on_what_it_would_depend_on_alone(borrow):
    workspace = open_workspace(kit.ROOT, Options(borrow=borrow))
    shared = set()
    for path in workspace.curriculum.learning_paths:
        other = workspace.on_path(path.name)
        alone = open_workspace(kit.ROOT, Options(borrow=borrow, learning_path=path.name))
        for unit, ground in alone.grounds.items():
            found = other.ground(unit)
            assert (found.exact, found.specs) == (ground.exact, ground.specs), (path.name, unit)
            shared |= {unit} if found is workspace.ground(unit) else set()
    assert {"checkpoint-01", "checkpoint-07"} <= shared


def test_what_one_snapshot_has_read_one_beside_it_has_too(tmp_path):
    (tmp_path / "a").write_bytes(b"text")
    read: list[bytes] = []

    def fingerprint(data: bytes) -> str:
        read.append(data)
        return "seen"

    first = digests.Snapshot()
    for one in (first, digests.Snapshot(beside=first)):
        assert one.of(tmp_path / "a", fingerprint) == "seen"
        assert one.below(tmp_path) == (tmp_path / "a",)
        assert one.marks.keys() == {tmp_path / "a"}
    assert read == [b"text"]


def test_what_is_borrowed_is_not_asked_whether_it_is_a_stub(tmp_path, monkeypatch):
    root = toy.build(tmp_path)
    stub = 'def add(x, y):\n    raise NotImplementedError("01 adding: add")\n'
    toy.write(root, {"reference/tinytorch/adding.py": stub})
    workspace = open_workspace(root, Options(borrow="01"), "curriculum.toml")
    asked: list[str] = []
    monkeypatch.setattr(workspace_module, "any_untouched", lambda text, _: asked.append(text))
    assert workspace.progress().state["checkpoint-01"] == "borrowed"
    assert stub not in asked


def test_a_run_asks_of_no_other_modules_whether_they_are_stubs(tmp_path):
    root = toy.build(tmp_path)
    workspace = open_workspace(root, Options(checkpoint="01"), "curriculum.toml")
    assert workspace.plan(narrowed=False).untouched == {"checkpoint-01"}


class TestGarbage:
    """A run looks for no garbage while modules are imported, and for that of its specs as ever."""

    CONFTEST = """\
import gc
began = gc.get_stats()

def pytest_collection_modifyitems():
    print("looked:", gc.get_stats() != began)

def pytest_runtest_setup():
    print("frozen:", gc.get_freeze_count() > 10_000, "threshold:", gc.get_threshold())
"""

    def test_it_is_looked_for_again_once_specs_run(self, tmp_path):
        root = toy.build(tmp_path)
        toy.write(root, {"conftest.py": self.CONFTEST})
        run = toy.pytest_in(root, "--checkpoint", "00", "-s", cold=True)
        assert "looked: False" in run.output
        assert f"frozen: True threshold: {gc.get_threshold()}" in run.output

    def test_a_run_that_collects_nothing_leaves_it_as_it_was(self):
        code = "import pytest; pytest.main(['--capabilities']); print(gc.get_threshold())"
        assert ended(code).stdout.rstrip().endswith(str(gc.get_threshold()))


def test_pytest_does_not_rewrite_the_modules_of_the_plugin(tmp_path):
    """As it would where the kit is installed from a wheel."""
    marks = """\
import sys
import pytest

pytest.register_assert_rewrite("pytest_tinytorch", "beside")

def pytest_unconfigure():
    import beside
    own = [module for name, module in sys.modules.items() if name.startswith("pytest_tinytorch.")]
    print({type(module.__loader__).__name__ for module in own}, type(beside.__loader__).__name__)
"""
    root = toy.build(tmp_path)
    toy.write(root, {"marks.py": marks, "beside.py": ""})
    run = toy.pytest_in(root, "-p", "marks", "-p", "tinytorch", "--collect-only", cold=True)
    assert "{'SourceFileLoader'} AssertionRewritingHook\n" in run.output


def test_a_run_imports_no_format_that_nobody_asked_for(tmp_path):
    found = imported_by(toy.build(tmp_path), "-m", "pytest", "--collect-only")
    assert "pytest_tinytorch.run.judge" in found
    assert not {name for name in found if name.startswith("pytest_tinytorch.export")}
    assert "rich.console" not in found


def test_a_run_makes_no_dataclass(tmp_path):
    """Each takes as long to make as twenty structs, see docs/decisions/0040-what-a-start-imports.md."""
    found = imported_by(toy.build(tmp_path), "-m", "pytest", "--collect-only")
    files = [kit.ROOT / f"{name.replace('.', '/')}.py" for name in found if "tinytorch." in name]
    texts = {file.name: file.read_text(encoding="utf-8") for file in files if file.is_file()}
    assert "runner.py" in texts
    assert [name for name, text in texts.items() if "@dataclass" in text] == []


def test_a_data_set_needs_no_engine():
    found = imported_by(kit.ROOT, "-c", "import tinytorch.datasets")
    assert "tinytorch.formats" in found
    assert "tinytorch.primitive" not in found


@pytest.mark.parametrize(
    ("command", "others"),
    [
        ("module status", {"pytest_tinytorch.lessons"}),
        ("path", {"pytest_tinytorch.kit"}),
        ("report --json progress.json", {"pytest_tinytorch.export.journey", "urllib.request"}),
    ],
)
def test_a_command_imports_nothing_of_others(tmp_path, command, others):
    found = imported_by(toy.build(tmp_path), "-m", "pytest_tinytorch.tito", *command.split())
    assert "pytest_tinytorch.tito.session" in found
    assert not found & others


def test_the_kits_own_curriculum_is_neither_parsed_nor_checked_again(monkeypatch):
    monkeypatch.setattr("tomllib.loads", lambda *_: pytest.fail("parsed"))
    monkeypatch.setattr(entries, "build_curriculum", lambda *_: pytest.fail("checked"))
    curriculumfile.parse_curriculum.cache_clear()
    assert curriculumfile.load_curriculum().checkpoints


def test_only_files_of_what_the_ledger_names_are_read(tmp_path):
    root = toy.build(tmp_path)
    toy.solve(root, "adding")
    assert toy.pytest_in(root, "--checkpoint", "01").code == 0
    workspace = open_workspace(root, Options(), "curriculum.toml")
    workspace.progress()
    read = {file.name for file in workspace.now.marks}
    assert "test_01_adding.py" in read
    assert not read & {"test_02_doubling.py", "test_01_sums.py"}


class TestProved:
    """A workspace in which everything is proved."""

    @pytest.fixture
    def root(self, tmp_path):
        root = toy.build(tmp_path)
        toy.solve(root, "adding", "doubling", "squaring")
        assert toy.pytest_in(root).code == 0
        for remembered in (digests.of_code, digests.of_documented_code):
            remembered.cache_clear()
        return root

    @pytest.fixture
    def parsed(self, monkeypatch):
        """The sources that are parsed from now on."""
        found, parse = [], ast.parse
        monkeypatch.setattr(ast, "parse", lambda data, *rest: found.append(data) or parse(data))
        return found

    def states(self, root):
        return set(open_workspace(root, Options(), "curriculum.toml").progress().state.values())

    def test_nothing_is_parsed_while_every_byte_is_the_same(self, root, parsed):
        assert self.states(root) == {"passed"}
        assert parsed == []

    def test_what_was_edited_counts_by_what_it_does(self, root, parsed):
        file = root / "tinytorch/adding.py"
        file.write_bytes(file.read_bytes() + b"\n# a comment\n")
        assert self.states(root) == {"passed"}
        assert file.read_bytes() in parsed

    def test_only_the_learners_modules_are_parsed(self, root, parsed):
        file = root / "tinytorch/adding.py"
        file.write_bytes(file.read_bytes() + b"\n# a comment\n")
        self.states(root)
        own = {(root / f"tinytorch/{name}.py").read_bytes() for name in toy.REFERENCE}
        assert set(parsed) <= own - {(root / "tinytorch/__init__.py").read_bytes()}

    def test_a_ledger_that_names_no_bytes_is_read_as_ever(self, root):
        file = root / ".tinytorch/ledger.jsonl"
        text = file.read_text(encoding="utf-8")
        assert '"exact": "student:' in text
        file.write_text(text.replace('"exact"', '"unknown"'), encoding="utf-8")
        assert all(event.exact == "" for event in ledger.read_ledger(file).events)
        assert self.states(root) == {"passed"}

    def test_a_run_after_an_edit_that_does_nothing_names_the_new_bytes(self, root, parsed):
        file = root / "tinytorch/adding.py"
        file.write_bytes(file.read_bytes() + b"\n# a comment\n")
        toy.pytest_in(root)
        assert self.states(root) == {"passed"}
        assert parsed == []


def test_of_untouched_modules_none_is_parsed(tmp_path, monkeypatch):
    kit.mixture(tmp_path, solved=[])
    workspace = open_workspace(kit.ROOT, Options(source=tmp_path, ledger=tmp_path / "ledger.jsonl"))
    monkeypatch.setattr(exercises, "syntax_tree", lambda _: pytest.fail("parsed"))
    exercises.parse.cache_clear()
    assert workspace.untouched == {unit.id for unit in kit.modules()}


def test_where_all_is_locked_no_stub_is_parsed(tmp_path, monkeypatch):
    root = toy.build(tmp_path)
    monkeypatch.setattr(ast, "parse", lambda *_: pytest.fail("parsed"))
    assert open_workspace(root, Options(), "curriculum.toml").progress().state["checkpoint-02"] == (
        "locked"
    )
