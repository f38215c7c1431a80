"""Digests: what makes a difference to them, file by file, and what does not."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from pytest_tinytorch.course.options import Options
from pytest_tinytorch.evidence import digests
from pytest_tinytorch.evidence.changes import Changes, written_meanwhile
from pytest_tinytorch.evidence.digests import MISSING, Snapshot
from pytest_tinytorch.evidence.workspace import open_workspace
from tests.support import kit, toy

ADDING = "tinytorch/adding.py"
ALL = {"00", "01", "02", "03", "m01", "m02"}


class TestCode:
    @pytest.mark.parametrize(
        ("before", "after", "same"),
        [
            ("x = 1\n", "x = 1  # one\n", True),
            ("x = 1\n", "\n\nx = (1)\n", True),
            ('def f():\n    "Old."\n    return 1\n', 'def f():\n    "New."\n    return 1\n', True),
            ('"Old."\nx = 1\n', "x = 1\n", True),
            ("x = 1\n", "x = 1\r\n", True),
            ("x = 1\n", "x = 2\n", False),
            ("x = 1\n", "x = 1.0\n", False),
            ("x = 1\n", "x = 'a'\n", False),
            ("def f(): pass\n", "def g(): pass\n", False),
            ("x = [\n", "x = [ \n", False),  # does not parse: every byte counts
        ],
    )
    def test_counts_by_what_it_does(self, before, after, same):
        assert (digests.of_code(before.encode()) == digests.of_code(after.encode())) is same

    @pytest.mark.parametrize(
        ("before", "after", "same"),
        [
            ('def f():\n    "Old."\n', 'def f():\n    "New."\n', False),
            ('"Old."\nx = 1\n', "x = 1\n", False),
            ('def f():\n    "Old."\n', 'def f():\n    "Old."  # so\n', True),
        ],
    )
    def test_that_reads_docstrings_counts_with_them(self, before, after, same):
        fingerprint = digests.of_documented_code
        assert (fingerprint(before.encode()) == fingerprint(after.encode())) is same

    @pytest.mark.parametrize("code", ["f.__doc__", "inspect.getdoc(f)", "getattr(f, '__doc__')"])
    def test_of_one_file_that_reads_docstrings_makes_those_of_all_count(self, tmp_path, code):
        files = {tmp_path / "a.py": b"", tmp_path / "b.py": code.encode()}
        assert Snapshot(files).code is digests.of_documented_code
        assert Snapshot({tmp_path / "a.py": b"x = 1"}).code is digests.of_code

    def test_beside_another_it_counts_as_it_would_alone(self, tmp_path):
        silent, speaking = {tmp_path / "a.py": b"x = 1"}, {tmp_path / "b.py": b"x = f.__doc__"}
        for one in (silent, speaking, silent | speaking):
            for other in (silent, speaking, silent | speaking):
                assert Snapshot(one, beside=Snapshot(other)).code is Snapshot(one).code

    @pytest.mark.parametrize("folder", ["tinytorch", "reference/tinytorch"])
    def test_of_the_package_reads_no_docstring(self, folder):
        """Otherwise a comment in a docstring would make all that is proved stale, for everybody."""
        files = {file: file.read_bytes() for file in (kit.ROOT / folder).rglob("*.py")}
        assert files
        speaking = [file.name for file, data in files.items() if digests.docstrings_read(data)]
        assert speaking == []


class TestSnapshot:
    def test_a_file_is_read_once(self, tmp_path):
        file = tmp_path / "a"
        file.write_bytes(b"1")
        now = Snapshot()
        before = now.of(file, digests.of_bytes)
        file.write_bytes(b"2")
        assert now.of(file, digests.of_bytes) == before != Snapshot().of(file, digests.of_bytes)

    def test_what_is_pinned_is_not_read_at_all(self, tmp_path):
        file = tmp_path / "a"
        now = Snapshot({file: b"1"})
        assert now.of(file, digests.of_bytes) == digests.of_bytes(b"1")
        assert now.marks == {}

    def test_a_file_that_is_not_there_is_missing(self, tmp_path):
        assert Snapshot().of(tmp_path / "none", digests.of_bytes) == MISSING
        assert Snapshot().of(tmp_path, digests.of_bytes) == MISSING

    @pytest.mark.parametrize("size", [0, 1, digests.CHUNK + 1])
    def test_all_of_a_file_is_read_whatever_its_size_was(self, tmp_path, monkeypatch, size):
        file = tmp_path / "a"
        data = b"01234567" * (digests.CHUNK // 4)
        file.write_bytes(data)
        status = [*file.stat()]
        status[stat.ST_SIZE] = size
        monkeypatch.setattr(os, "stat", lambda path: os.stat_result(status))
        assert digests.read_with_mark(file)[1] == data

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
    def test_a_pipe_is_not_waited_for(self, tmp_path):
        os.mkfifo(tmp_path / "pipe")
        mark, data = digests.read_with_mark(tmp_path / "pipe")
        assert mark == digests.mark(tmp_path / "pipe") is not None
        assert data is None

    def test_what_cannot_be_read_has_its_mark(self, tmp_path, monkeypatch):
        file = tmp_path / "a"
        file.write_bytes(b"1")
        before = digests.read_with_mark(file)
        assert before == (digests.mark(file), b"1")
        monkeypatch.setattr(os, "open", refuse)
        assert digests.read_with_mark(file) == (before[0], None)

    def test_a_name_that_no_file_can_have_is_none(self):
        assert digests.read_with_mark(Path("a\0b")) == (None, None)
        assert digests.mark(Path("a\0b")) is None

    def test_text_counts_whatever_its_line_ends(self):
        assert digests.of_text(b"a\r\nb") == digests.of_text(b"a\nb") != digests.of_text(b"a b")
        assert digests.of_bytes(b"a\r\nb") != digests.of_bytes(b"a\nb")

    def test_what_nobody_wrote_on_purpose_is_passed_over(self, tmp_path):
        for name in (
            *("a.txt", "b/c.npz", "d.pyc"),
            *("__pycache__/a.pyc", ".a.py.swp", ".b/c", "#a.py#", "a.py~", ".#a.py"),
        ):
            toy.write(tmp_path, {name: ""})
        found = [f.relative_to(tmp_path).as_posix() for f in digests.files_below(tmp_path)]
        assert found == ["a.txt", "b/c.npz", "d.pyc"]


def refuse(*given):
    raise PermissionError(13, "Permission denied")


def found_digests(root, **given):
    found = open_workspace(root, Options(**given), "curriculum.toml").digests
    return {toy.short(unit): both for unit, both in found.items()}


def edited(root, path, old="", new=""):
    """Edit a file of a workspace, or write a new one."""
    file = root / path
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    assert old in text
    toy.write(root, {path: text.replace(old, new) if old else text + new})


SOURCE_EDITS = {
    "code": ((ADDING, "x + y", "y + x"), {"01", "02", "m01", "m02"}),
    "comment": ((ADDING, "", "\n# one\n"), set()),
    "docstring": ((ADDING, "The sum.", "A sum."), set()),
    "data": (("tinytorch/table.txt", "", "1"), ALL),
    "data in a folder": (("tinytorch/tables/table.bin", "", "1"), ALL),
    "comment of a file that is given": (("tinytorch/__init__.py", "", "# one\n"), ALL),
    "a file of one's own": (("tinytorch/more.py", "", "x = 1\n"), ALL),
    "what an editor keeps": (("tinytorch/.adding.py.swp", "", "x"), set()),
    "what Python has compiled": (("tinytorch/__pycache__/adding.pyc", "", "x"), set()),
}
SPEC_EDITS = {
    "spec": (("specs/test_01_adding.py", "== -3", "== 3"), {"01"}),
    "comment of a spec": (("specs/test_01_adding.py", "", "# one\n"), {"01"}),
    "law": (("specs/laws.py", "", "x = 1\n"), ALL),
    "data of a law": (("specs/oracles/table.txt", "", "1"), ALL),
    "conftest of the root": (("conftest.py", "", "x = 1\n"), ALL),
    "conftest of specs": (("specs/conftest.py", "", "x = 1\n"), ALL),
    "conftest of milestones": (("milestones/conftest.py", "", "x = 1\n"), ALL),
    "conftest of one": (("milestones/01_1901_sums/conftest.py", "", "x = 1\n"), ALL),
    "test of a milestone": (("milestones/01_1901_sums/test_01_sums.py", ">=", ">"), {"m01"}),
    "story": (("milestones/01_1901_sums/README.md", "", "Once."), set()),
    "experiment": (("milestones/experiments/sums.py", "", "x = 1\n"), {"m01", "m02"}),
    "threshold": (("curriculum.toml", "least = 4", "least = 3"), {"m01"}),
    "question": (("curriculum.toml", "Can I add?", "Can you?"), set()),
    "manifest": (("specs/manifest.json", "TestNegate", "TestOpposite"), {"01"}),
    "data set": (("datasets/digits/train.txt", "", "1"), {"m01", "m02"}),
    "what is told of a data set": (("datasets/digits/README.md", "", "1"), set()),
}


class TestWorkspace:
    @pytest.mark.parametrize("name", SOURCE_EDITS)
    def test_source_counts_for_what_stands_on_it(self, tmp_path, name):
        edit, changes = SOURCE_EDITS[name]
        root = toy.build(tmp_path)
        toy.solve(root, "adding", "doubling", "squaring")
        before = found_digests(root)
        edited(root, *edit)
        after = found_digests(root)
        assert {unit for unit in ALL if before[unit][0] != after[unit][0]} == changes
        assert {unit: both[1] for unit, both in before.items()} == {
            unit: both[1] for unit, both in after.items()
        }

    @pytest.mark.parametrize("name", SPEC_EDITS)
    def test_what_judges_counts_for_what_it_judges(self, tmp_path, name):
        edit, changes = SPEC_EDITS[name]
        root = toy.build(tmp_path)
        before = found_digests(root)
        edited(root, *edit)
        after = found_digests(root)
        assert {unit for unit in ALL if before[unit][1] != after[unit][1]} == changes
        assert all(before[unit][0] == after[unit][0] for unit in ALL)

    def test_a_docstring_counts_once_the_code_reads_one(self, tmp_path):
        root = toy.build(tmp_path)
        toy.solve(root, "adding")
        edited(root, "tinytorch/squaring.py", "", "\nTEXT = __doc__\n")
        before = found_digests(root)
        edited(root, ADDING, "The sum.", "A sum.")
        after = found_digests(root)
        changed = {unit for unit in ALL if before[unit] != after[unit]}
        assert changed == {"01", "02", "m01", "m02"}

    def test_line_ends_make_no_difference(self, tmp_path):
        root = toy.build(tmp_path)
        toy.solve(root, "adding", "doubling")
        edited(root, "tinytorch/more.py", "", "x = '''\na\n'''\n")
        before = found_digests(root), found_digests(root, borrow="01")
        for folder in ("specs", "milestones", "tinytorch", "reference"):
            for file in (root / folder).rglob("*.py"):
                file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
        assert (found_digests(root), found_digests(root, borrow="01")) == before

    def test_a_data_set_counts_for_specs_that_speak_of_it(self, tmp_path, monkeypatch):
        monkeypatch.delenv("TINYTORCH_DATA", raising=False)
        root = toy.build(tmp_path)
        edited(root, "specs/test_03_squaring.py", "", "# uses datasets\n")
        before = found_digests(root)
        edited(root, "datasets/digits/train.txt", "", "1")
        after = found_digests(root)
        assert {u for u in ALL if before[u] != after[u]} == {"03", "m01", "m02"}
        toy.write(tmp_path, {"own/digits/train.txt": "2"})
        monkeypatch.setenv("TINYTORCH_DATA", str(tmp_path / "own"))
        assert found_digests(root)["m01"] != after["m01"]

    def test_the_same_work_elsewhere_has_the_same_digests(self, tmp_path):
        first, second = (toy.build(tmp_path / name) for name in ("a", "b"))
        assert found_digests(first) == found_digests(second)

    def test_a_borrowed_module_counts_as_the_reference_has_it(self, tmp_path):
        root = toy.build(tmp_path)
        before = found_digests(root, borrow="01")
        edited(root, ADDING, "", "\nx = 1\n")  # it is not used
        assert found_digests(root, borrow="01") == before
        edited(root, "reference/tinytorch/adding.py", "x + y", "y + x")
        after = found_digests(root, borrow="01")
        assert {u for u in ALL if before[u] != after[u]} == {"01", "02", "m01", "m02"}
        toy.write(root, {"reference/tinytorch/table.txt": "1"})
        assert found_digests(root, borrow="01")["02"] != after["02"]

    def test_pinned_source_is_what_counts(self, tmp_path):
        root = toy.build(tmp_path)
        found = open_workspace(root, Options(), "curriculum.toml")
        before, sources = found.digests, found.sources
        edited(root, ADDING, "", "\nx = 1\n")
        toy.write(root, {"tinytorch/more.py": "x = 1\n"})
        assert found.footing_now(sources).digests == before
        assert found.footing_now().digests != before


class TestChanges:
    def test_what_passed_and_has_changed_is_stale(self):
        judged = {"checkpoint-01": "passed", "checkpoint-02": "wrong", "checkpoint-03": "passed"}
        shown = Changes(units=("checkpoint-01", "checkpoint-02")).shown(judged, ())
        assert [*shown.values()] == ["stale", "wrong", "passed"]
        shown = Changes(written=("table.txt",)).shown(judged, ["checkpoint-03"])
        assert [*shown.values()] == ["passed", "wrong", "stale"]

    def test_a_file_that_was_written_shows_whatever_is_in_it(self, tmp_path):
        a, b, c = (tmp_path / name for name in "abc")
        before = {a: (1, 1, 1), b: (1, 1, 1), c: None}
        assert written_meanwhile(before, {a: (1, 1, 1), b: (2, 1, 1), c: None}, tmp_path) == ["b"]
        assert written_meanwhile(before, {a: (1, 1, 1), c: None}, tmp_path) == ["b"]
        assert written_meanwhile({}, {c: (1, 1, 1)}, tmp_path / "x") == [str(c)]
