"""Whether specs are the kit's: of a checkout, of a workspace that the kit made, of a course of its own."""

from __future__ import annotations

import pytest

from pytest_tinytorch.kit import record, starter
from pytest_tinytorch.kit.files import kit_version
from pytest_tinytorch.kit.record import Record
from pytest_tinytorch.kit.specs import differences, specs_status
from tests.support import kit, toy


@pytest.fixture(scope="module")
def contents():
    return starter.workspace_files("my-torch", kit_version())


@pytest.fixture
def made(tmp_path, contents):
    """A workspace as `tito init` makes it."""
    starter.create_workspace(tmp_path / "made", contents)
    leave_record(tmp_path / "made", contents)
    return tmp_path / "made"


def leave_record(root, contents):
    """Say that the kit has written these files."""
    digests = {path: record.digest(path, content) for path, content in contents.items()}
    text = Record(kit_version(), "my-torch", digests).text()
    (root / record.FILE).write_text(text, encoding="utf-8")


def test_those_of_a_checkout_are_the_kits():
    assert specs_status(kit.ROOT, own_curriculum=False).differing == {}


def test_those_of_a_new_workspace_are_the_kits_with_and_without_its_record(made):
    assert specs_status(made, own_curriculum=False).differing == {}
    (made / record.FILE).unlink()
    found = specs_status(made, own_curriculum=False)
    assert (dict(found.differing), found.trusted, found.remark) == ({}, True, "")


@pytest.mark.parametrize("with_record", [True, False])
def test_each_file_that_is_not_the_kits_is_named(made, with_record):
    if not with_record:
        (made / record.FILE).unlink()
    with (made / "specs" / "laws.py").open("a", encoding="utf-8") as file:
        file.write("x = 1\n")
    (made / "specs" / "oracles" / "losses.py").unlink()
    toy.write(made, {"milestones/conftest.py": "", "specs/test_mine.py": "", "conftest.py": ""})
    found = specs_status(made, own_curriculum=False)
    assert found.differing == {
        "milestones/conftest.py": "added",
        "specs/laws.py": "changed",
        "specs/oracles/losses.py": "missing",
    }
    assert not found.trusted
    assert found.remark == (
        "grants nothing: milestones/conftest.py and 2 more differ from the kit's,"
        " see `tito specs status`"
    )


def test_the_manifest_is_one_of_them(made):
    (made / "specs" / "manifest.json").write_text("{}", encoding="utf-8")
    assert specs_status(made, own_curriculum=False).differing == {"specs/manifest.json": "changed"}


def test_line_ends_and_stories_make_no_difference(made):
    file = made / "specs" / "laws.py"
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    (made / "milestones" / "01_1957_perceptron" / "README.md").write_text("x", encoding="utf-8")
    assert specs_status(made, own_curriculum=False).trusted


def test_a_record_of_an_older_kit_is_what_they_are_held_against(made, contents):
    toy.write(made, {"specs/laws.py": "x = 1\n"})
    leave_record(made, contents | {"specs/laws.py": b"x = 1\n"})
    assert specs_status(made, own_curriculum=False).trusted


def test_a_declaration_is_of_the_specs_as_they_are(made):
    toy.write(made, {"specs/laws.py": "x = 1\n"})
    digest = specs_status(made, own_curriculum=False).digest
    assert specs_status(made, own_curriculum=False, declared=digest).trusted
    toy.write(made, {"specs/laws.py": "x = 2\n"})
    assert not specs_status(made, own_curriculum=False, declared=digest).trusted


def test_a_course_of_its_own_has_specs_of_its_own(tmp_path):
    root = toy.build(tmp_path)
    assert specs_status(root, own_curriculum=True).trusted
    assert not specs_status(root, own_curriculum=False).trusted
    (root / record.FILE).write_text("{", encoding="utf-8")  # a damaged record says nothing
    assert specs_status(root, own_curriculum=True).trusted


def test_nothing_is_different_from_itself():
    files = {"specs/a.py": "1", "specs/conftest.py": "2"}
    assert differences(files, files) == {}
