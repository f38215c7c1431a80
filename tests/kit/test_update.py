"""`tito update`: what a newer kit may do to a workspace, and what it may not."""

from __future__ import annotations

import json
import shutil
from importlib.metadata import EntryPoint, version
from pathlib import Path

import pytest

from pytest_tinytorch.evidence import implementation
from pytest_tinytorch.kit import files as shipped
from pytest_tinytorch.kit import record, starter, update
from pytest_tinytorch.tito import doctor
from tests.support import kit
from tests.support.kit import contents, tito

LATER = "99.0"
TENSOR = "tinytorch/tensor.py"
NOW = version("pytest-tinytorch")


@pytest.fixture(scope="session")
def original(tmp_path_factory):
    """A workspace that nobody has touched."""
    target = tmp_path_factory.mktemp("original") / "my-torch"
    tito("init", str(target), "--no-git")
    return target


@pytest.fixture
def workspace(original, tmp_path, monkeypatch):
    """A copy of it, with the current folder in it."""
    target = tmp_path / "my-torch"
    shutil.copytree(original, target)
    monkeypatch.chdir(target)
    return target


@pytest.fixture
def later(tmp_path, monkeypatch):
    """The folder of a later version of the kit, which is installed now; it may be changed."""
    home = tmp_path / "later"
    for path, file in shipped.kit_files(implementation.kit_home()).items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, home / path)
    for module in (implementation, starter):
        monkeypatch.setattr(module, "kit_home", lambda: home)
    monkeypatch.setattr("importlib.metadata.version", lambda distribution: LATER)
    return home


def edit(file, addition="\n# edited\n"):
    """Add to a file; gives what it held before."""
    before = file.read_bytes()
    file.write_bytes(before + addition.encode("utf-8"))
    return before


OLD, NEW, MINE = "old", "new", "mine"
FATES = [
    # path, written by the kit, in the kit now, in the workspace, what becomes of it
    ("specs/laws.py", OLD, NEW, OLD, update.REPLACE),
    ("specs/laws.py", OLD, NEW, MINE, update.RESTORE),
    ("specs/laws.py", OLD, OLD, MINE, update.RESTORE),
    ("specs/laws.py", OLD, OLD, OLD, None),
    ("specs/laws.py", OLD, NEW, NEW, None),
    ("specs/laws.py", OLD, OLD, None, update.ADD),
    ("specs/laws.py", OLD, None, OLD, update.REMOVE),
    ("specs/laws.py", OLD, None, MINE, update.LEAVE),
    ("specs/laws.py", OLD, None, None, None),
    ("specs/laws.py", None, NEW, None, update.ADD),
    ("specs/laws.py", None, NEW, MINE, update.RESTORE),
    (TENSOR, OLD, NEW, OLD, update.REPLACE),
    (TENSOR, OLD, NEW, MINE, update.OFFER),
    (TENSOR, OLD, OLD, MINE, None),
    (TENSOR, OLD, OLD, None, update.ADD),
    (TENSOR, OLD, None, MINE, update.LEAVE),
    ("tinytorch/extra.py", None, NEW, MINE, update.OFFER),
    ("README.md", OLD, NEW, OLD, update.REPLACE),
    ("README.md", OLD, NEW, MINE, update.OFFER),
    ("README.md", OLD, OLD, MINE, None),
    ("README.md", OLD, NEW, None, None),
    ("README.md", None, NEW, None, update.ADD),
]


class TestPlan:
    @pytest.mark.parametrize(("path", "written", "new", "found", "what"), FATES)
    def test_of_one_file(self, path, written, new, found, what):
        tables = [{path: digest} if digest else {} for digest in (written, new, found)]
        assert update.plan_update(*tables) == ([update.Action(what, path)] if what else [])

    def test_is_in_order_and_has_nothing_of_the_persons_own(self):
        found = {"tinytorch/mine.py": MINE, "specs/b.py": OLD}
        actions = update.plan_update({"specs/b.py": OLD}, {"specs/b.py": NEW, "a.py": NEW}, found)
        assert [action.path for action in actions] == ["a.py", "specs/b.py"]

    def test_an_offer_has_a_place(self):
        assert update.Action(update.OFFER, TENSOR).offer == ".tinytorch/updates/tensor.py"
        assert update.Action(update.OFFER, "a/b.json").offer == ".tinytorch/updates/a/b.json"


class TestDigest:
    def test_does_not_know_line_ends_but_for_data(self):
        assert record.digest("a.py", b"a\r\nb\n") == record.digest("a.py", b"a\nb\n")
        assert record.digest("a.py", b"a\nb") != record.digest("a.py", b"a\nb\n")
        talks = "datasets/tinytalks/talks.tsv"
        assert record.digest(talks, b"a\r\nb\n") != record.digest(talks, b"a\nb\n")


class TestUpdate:
    def test_has_nothing_to_do_at_first(self, workspace):
        before = contents(workspace)
        assert "Up to date" in tito("update", "--check")
        assert "Up to date" in tito("update")
        assert contents(workspace) == before

    def test_brings_what_is_newer(self, workspace, later):
        edit(later / "specs" / "laws.py")
        edit(later / "reference" / TENSOR)
        edit(later / "reference" / "tinytorch" / "primitive.py")
        (later / "specs" / "more.py").write_text("", encoding="utf-8")
        before = contents(workspace)
        text = tito("update", "--check", code=1)
        assert f"pytest-tinytorch {NOW} to {LATER}:" in text
        assert contents(workspace) == before
        words = {
            line.split()[1]: line.split()[0] for line in text.splitlines() if line[:3] == "  n"
        }
        assert words == {
            "pyproject.toml": "newer",
            "specs/laws.py": "newer",
            "specs/more.py": "new",
            TENSOR: "newer",
            "tinytorch/primitive.py": "newer",
        }
        actions = json.loads(tito("update", "--check", "--json", code=1))
        assert {action["path"]: action["what"] for action in actions} == {
            path: {"newer": "replace", "new": "add"}[word] for path, word in words.items()
        }
        tito("update")
        expected = starter.workspace_files("my-torch", LATER)
        assert contents(workspace) == expected | {record.FILE: contents(workspace)[record.FILE]}
        assert record.read_record(workspace).version == LATER
        assert "Up to date" in tito("update", "--check")

    def test_does_not_touch_what_a_person_wrote(self, workspace, later):
        edit(later / "reference" / TENSOR)
        edit(later / "reference" / "tinytorch" / "losses.py")
        edit(later / ".ci" / "learn")
        for path in (TENSOR, "tinytorch/layers.py", ".ci/learn", "pyproject.toml", "README.md"):
            edit(workspace / path, "\n# mine\n")
        for path in (
            "tinytorch/mine.py",
            "specs/test_mine.py",
            "notes.md",
            ".tinytorch/ledger.jsonl",
        ):
            (workspace / path).parent.mkdir(exist_ok=True)
            (workspace / path).write_text("mine", encoding="utf-8")
        before = contents(workspace)
        text = tito("update")
        assert f"yours     {TENSOR}" in text
        assert "the kit's new version goes to .tinytorch/updates/tensor.py" in text
        changed = {
            path for path, content in contents(workspace).items() if before.get(path) != content
        }
        offered = {".ci/learn", "pyproject.toml", "tensor.py"}
        assert changed == {
            record.FILE,
            "tinytorch/losses.py",
            *(f".tinytorch/updates/{path}" for path in offered),
        }
        fresh = starter.workspace_files("my-torch", LATER)
        assert (workspace / ".tinytorch/updates/tensor.py").read_bytes() == fresh[TENSOR]
        assert "Up to date" in tito("update", "--check")

    def test_puts_specs_right_and_keeps_what_was_there(self, workspace):
        whole = edit(workspace / "specs" / "laws.py", "\nassert_close = print\n")
        cheat = (workspace / "specs" / "laws.py").read_bytes()
        (workspace / "specs" / "manifest.json").unlink()
        data = workspace / "datasets" / "tinytalks" / "talks.tsv"
        talks = data.read_bytes()
        data.write_bytes(talks.replace(b"\n", b"\r\n"))
        text = tito("update")
        assert "restored  specs/laws.py" in text
        assert (workspace / "specs" / "laws.py").read_bytes() == whole
        assert (workspace / "specs" / "manifest.json").is_file()
        assert data.read_bytes() == talks
        (folder,) = (workspace / ".tinytorch" / "backups").iterdir()
        assert f"goes to .tinytorch/backups/{folder.name}/" in text
        assert contents(folder)["specs/laws.py"] == cheat

    def test_takes_away_what_the_kit_no_longer_has(self, workspace, later):
        (later / "milestones" / "plots.py").unlink()
        (later / "specs" / "memory.py").unlink()
        edit(workspace / "specs" / "memory.py")
        text = tito("update")
        assert "gone      milestones/plots.py" in text
        assert not (workspace / "milestones" / "plots.py").exists()
        assert "yours     specs/memory.py" in text
        assert (workspace / "specs" / "memory.py").exists()
        assert "Up to date" in tito("update", "--check")

    def test_settings_that_were_thrown_away_stay_away(self, workspace, later):
        (workspace / "README.md").unlink()
        edit(later / ".ci" / "learn")
        (workspace / ".ci" / "learn").unlink()
        tito("update")
        assert not (workspace / "README.md").exists()
        assert not (workspace / ".ci" / "learn").exists()

    def test_knows_its_files_whatever_their_line_ends(self, workspace, later):
        for path in contents(workspace):
            if not path.startswith("datasets/"):
                file = workspace / path
                file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
        edit(later / "specs" / "laws.py")
        text = tito("update", "--check", code=1)
        assert [line for line in text.splitlines() if line.startswith("  ")] == [
            "  newer     pyproject.toml",
            "  newer     specs/laws.py",
        ]

    @pytest.mark.parametrize("stop", [1, 2, 5])
    def test_can_be_repeated_when_it_was_cut_short(self, workspace, later, monkeypatch, stop):
        edit(later / "specs" / "laws.py")
        edit(later / "specs" / "framework.py")
        edit(later / "reference" / TENSOR)
        edit(workspace / "specs" / "laws.py", "\n# mine\n")
        edit(workspace / TENSOR, "\n# mine\n")
        changed = (workspace / "specs" / "laws.py").read_bytes()
        replace, count = Path.replace, iter(range(1000))

        def replace_some(file, target):
            if next(count) == stop:
                raise PermissionError(13, "in use", str(target))
            return replace(file, target)

        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", replace_some)
            assert "run it again" in tito("update", code=1)
        tito("update")
        fresh = starter.workspace_files("my-torch", LATER)
        now = contents(workspace)
        assert all(now[path] == content for path, content in fresh.items() if path != TENSOR)
        assert now[TENSOR].endswith(b"# mine\n")
        assert changed in [content for path, content in now.items() if "backups" in path]
        assert now[".tinytorch/updates/tensor.py"] == fresh[TENSOR]
        assert not [path for path in now if path.endswith(".new")]
        assert "Up to date" in tito("update", "--check")

    def test_works_from_inside(self, workspace, monkeypatch):
        monkeypatch.chdir(workspace / "specs" / "oracles")
        assert "Up to date" in tito("update")

    def test_leaves_the_repository_of_the_kit_to_git(self, monkeypatch):
        monkeypatch.chdir(kit.ROOT)
        assert "get newer specs with git" in tito("update", code=2)

    def test_says_where_there_is_nothing_to_update(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        assert "is not in a workspace: make one with `tito init DIR`" in tito("update", code=2)

    def test_does_not_go_back(self, workspace, monkeypatch):
        monkeypatch.setattr("importlib.metadata.version", lambda distribution: "0.0.9")
        assert "python -m pip install --upgrade pytest-tinytorch" in tito("update", code=2)

    def test_reads_a_record_with_more_in_it(self, workspace):
        before = record.read_record(workspace)
        table = json.loads((workspace / record.FILE).read_text(encoding="utf-8"))
        text = json.dumps(table | {"colour": "red"})
        (workspace / record.FILE).write_text(text, encoding="utf-8")
        assert record.read_record(workspace) == before

    @pytest.mark.parametrize(
        "text",
        [
            "{",
            "[]",
            '{"schema": 2}',
            '{"schema": 1, "version": "0.1", "name": 3, "files": {}}',
            '{"schema": 1, "version": "new", "name": "x", "files": {}}',
            '{"schema": 1, "version": "0.1", "name": "x", "files": {"../../x": "0"}}',
            '{"schema": 1, "version": "0.1", "name": "x", "files": {"C:\\\\x": "0"}}',
        ],
    )
    def test_names_a_damaged_record(self, workspace, text):
        (workspace / record.FILE).write_text(text, encoding="utf-8")
        assert f"git checkout -- {record.FILE}" in tito("update", code=2)


class TestDoctor:
    def test_is_content_with_a_new_workspace(self, workspace):
        findings = json.loads(tito("doctor", "--json"))
        ours = {"terminal", "virtual environment", "command pytest"}  # of whoever runs this test
        assert [f for f in findings if not f["well"] and f["what"] not in ours] == []

    def test_knows_how_to_mend_a_workspace(self, workspace, monkeypatch):
        shutil.rmtree(workspace / "datasets" / "tinytalks")
        other = EntryPoint("tinytorch", "tinytorch", "pytest11")
        with monkeypatch.context() as patch:
            patch.setattr(doctor, "entry_points", lambda **asked: [other])
            text = tito("doctor", code=1)
        assert "restore it: tito update" in text
        assert "pip install --force-reinstall --no-deps pytest-tinytorch" in text
        tito("update")
        assert (workspace / "datasets" / "tinytalks" / "talks.tsv").is_file()

    @pytest.mark.parametrize(
        ("version", "says"), [(LATER, "tito update"), ("0.0.9", "pip install --upgrade")]
    )
    def test_compares_versions(self, workspace, monkeypatch, version, says):
        monkeypatch.setattr("importlib.metadata.version", lambda distribution: version)
        (finding,) = [f for f in json.loads(tito("doctor", "--json")) if f["what"] == "workspace"]
        assert not finding["well"]
        assert says in finding["mend"]
