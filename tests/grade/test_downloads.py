"""Downloads of a class: Gradescope's, Moodle's and Classroom's are recognized, each by its own signs."""

from __future__ import annotations

import io
import sys
import zipfile

import pytest

from pytest_tinytorch.grade import archives
from pytest_tinytorch.grade.archives import take_from
from pytest_tinytorch.grade.course import MEGABYTE, Limits
from pytest_tinytorch.grade.downloads import DownloadError
from pytest_tinytorch.grade.submissions import Entry, find_submissions, origins
from pytest_tinytorch.grade.taking import FILE, Item, Part, Refused
from tests.grade.classes import SOLVED, hand_in, needed_sandbox, tarred, zipped
from tests.support import kit, toy

ANN, BOB = b"x = 'ann'\n", b"x = 'bob'\n"
METADATA = """---
submission_11:
  :submitters:
  - :name: Ann Lee
    :sid: 00123
    :email: ann@school.example
  :created_at: 2026-09-30 10:00:00.000000000 Z
  :score: 3.0
  :results: !ruby/hash:ActiveSupport::HashWithIndifferentAccess
    tests: []
submission_12:
  :submitters:
  - :name: Łukasz Żółć
    :sid: ''
    :email: bob@school.example
  - :name: 陈晓明
    :sid: u9
submission_13:
  :submitters:
  - :name: Eve
    :sid: u3
"""
GRADESCOPE = {
    "submission_metadata.yml": METADATA.encode(),
    "submission_11/tinytorch/a.py": ANN,
    "submission_12/my-torch/tinytorch/a.py": BOB,
}
MOODLE = "{who}_{number}_assignsubmission_file"


def packed(contents):
    """A zip as bytes."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    return written.getvalue()


@pytest.fixture(params=["zip", "folder"])
def lay(request, tmp_path):
    """Makes a download out of files."""

    def laid(contents, name="download"):
        if request.param == "zip":
            return zipped(tmp_path / f"{name}.zip", contents)
        for path, data in contents.items():
            file = tmp_path / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        return tmp_path / name

    return laid


def found_in(*places, listed=None):
    return {one.id: one for one in find_submissions(places, listed)}


def source(one):
    ((_, data),) = take_from(one.place, Limits()).files
    return data


class TestGradescope:
    @pytest.mark.parametrize("around", ["", "assignment_7_export/"])
    def test_names_and_ids_come_from_its_list(self, lay, around):
        found = found_in(lay({f"{around}{path}": data for path, data in GRADESCOPE.items()}))
        assert {one.id: one.name for one in found.values()} == {
            "00123": "Ann Lee",
            "bob@school.example": "Łukasz Żółć",
            "u9": "陈晓明",
            "u3": "Eve",
        }
        assert source(found["00123"]) == ANN
        assert source(found["bob@school.example"]) == source(found["u9"]) == BOB
        assert origins(found.values()) == ["Gradescope's export: 4 submissions"]
        with pytest.raises(Refused, match="no folder tinytorch/"):
            take_from(found["u3"].place, Limits())

    @pytest.mark.parametrize("key", ["00123", "ANN@school.example", "submission_11", "Ann Lee"])
    def test_a_list_of_names_comes_first(self, lay, key):
        found = found_in(
            lay(GRADESCOPE), listed={key: Entry("k1", "", 2), "zoe": Entry("zoe", "Zoe")}
        )
        assert (found["k1"].name, found["k1"].late_days) == ("Ann Lee", 2)
        assert source(found["k1"]) == ANN
        assert found["zoe"].place is None
        assert "00123" not in found

    @pytest.mark.parametrize(
        "text", ["- a\n", "a: [\n", "a: \ud800".encode("utf-8", "surrogatepass")]
    )
    def test_a_list_that_cannot_be_read_is_an_error(self, lay, text):
        data = text if isinstance(text, bytes) else text.encode()
        with pytest.raises(DownloadError, match=r"submission_metadata\.yml"):
            found_in(lay({**GRADESCOPE, "submission_metadata.yml": data}))

    def test_a_list_that_is_a_link_is_an_error(self, tmp_path):
        (tmp_path / "list.yml").write_text(METADATA, encoding="utf-8")
        (tmp_path / "desk").mkdir()
        (tmp_path / "desk" / "submission_metadata.yml").symlink_to(tmp_path / "list.yml")
        with pytest.raises(DownloadError, match=r"submission_metadata\.yml"):
            found_in(tmp_path / "desk")

    @pytest.mark.parametrize("told", ["3", "{}", "{':submitters': ann}", "{':submitters': [ann]}"])
    def test_who_is_not_named_has_the_name_of_the_folder(self, lay, told):
        data = f"submission_11: {told}\n".encode()
        found = found_in(lay({**GRADESCOPE, "submission_metadata.yml": data}))
        assert source(found["submission_11"]) == ANN

    def test_without_its_library_it_says_what_to_install(self, lay, monkeypatch):
        monkeypatch.setitem(sys.modules, "yaml", None)
        with pytest.raises(DownloadError, match=r"pytest-tinytorch\[grade\]"):
            found_in(lay(GRADESCOPE))


class TestMoodle:
    @pytest.mark.parametrize("end", ["", "_"])
    def test_each_student_has_a_folder(self, lay, end):
        ann, bob = (MOODLE.format(who=w, number=n) + end for w, n in (("Ann Lee", 11), ("李", 12)))
        download = {
            f"{ann}/tinytorch/a.py": ANN,
            f"{bob}/work.zip": packed({"t/tinytorch/a.py": BOB}),
        }
        download["Ann Lee_11_assignsubmission_onlinetext_/onlinetext.html"] = b"tinytorch/a.py"
        download["Eve_13_assignsubmission_onlinetext_/onlinetext.html"] = b"here it is"
        found = found_in(lay(download))
        assert {one.id: one.name for one in found.values()} == {
            "11": "Ann Lee",
            "12": "李",
            "13": "Eve",
        }
        assert (source(found["11"]), source(found["12"])) == (ANN, BOB)
        assert origins(found.values()) == ["Moodle's download: 3 submissions"]
        with pytest.raises(Refused, match="no folder tinytorch/"):
            take_from(found["13"].place, Limits())

    def test_or_each_file_begins_with_the_student(self, lay, tmp_path):
        tarball = tarred(tmp_path / "x.tar.gz", {"tinytorch/a.py": BOB}).read_bytes()
        download = {
            "Ann Lee_11_assignsubmission_file_work.zip": packed({"tinytorch/a.py": ANN}),
            "Ann Lee_11_assignsubmission_file_notes.txt": b"",
            "Bob_12_assignsubmission_file_work.tar.gz": tarball,
        }
        found = found_in(lay(download))
        assert (source(found["11"]), source(found["12"])) == (ANN, BOB)

    def test_nobody_can_hand_in_for_somebody_else(self, lay):
        name = "Eve_13_assignsubmission_file_Bob_12_assignsubmission_file_work.zip"
        found = found_in(lay({name: packed({"tinytorch/a.py": BOB})}))
        assert {one.id: one.name for one in found.values()} == {"13": "Eve"}

    @pytest.mark.parametrize("key", ["11", "Ann Lee", "Ann Lee_11_assignsubmission_file_"])
    def test_a_list_of_names_comes_first(self, lay, key):
        download = {"Ann Lee_11_assignsubmission_file_/tinytorch/a.py": ANN}
        found = found_in(lay(download), listed={key: Entry("k1", "Ann M. Lee")})
        assert {one.id: one.name for one in found.values()} == {"k1": "Ann M. Lee"}


class TestClassroom:
    @pytest.fixture
    def clones(self, tmp_path):
        """A folder as Classroom's command makes it."""
        desk = tmp_path / "week-1-submissions"
        for user in ("ann", "bob-the-2nd"):
            clone = hand_in(desk / f"week-1-{user}", {"a": f"x = {user!r}\n"})
            for name in ("objects", "refs"):
                (clone / ".git" / name).mkdir(parents=True)
            (clone / ".git" / "HEAD").write_text("ref: refs/heads/main\n", encoding="utf-8")
        return desk

    def test_students_are_called_by_their_user_names(self, clones):
        found = found_in(clones)
        assert {*found} == {"ann", "bob-the-2nd"}
        assert origins(found.values()) == ["Classroom's clones: 2 submissions"]
        assert source(found["ann"]) == ANN

    def test_in_any_other_folder_a_list_finds_them(self, clones):
        desk = clones.rename(clones.with_name("desk"))
        assert {*found_in(desk)} == {"week-1-ann", "week-1-bob-the-2nd"}
        listed = {"Bob-the-2nd": Entry("Bob-the-2nd", "Bob"), "ann": Entry("ann")}
        found = found_in(desk, listed=listed)
        assert {one.id: one.name for one in found.values()} == {"ann": "", "Bob-the-2nd": "Bob"}


class TestWhatIsNoDownload:
    def test_beside_others_an_archive_is_one_submission(self, tmp_path):
        """Else a student could hand in a download that speaks for others."""
        ann, eve = hand_in(tmp_path / "ann", {"a": ""}), zipped(tmp_path / "eve.zip", GRADESCOPE)
        assert {*found_in(eve, ann)} == {"ann", "eve"}
        assert "00123" in found_in(eve)

    def test_in_a_folder_an_archive_is_one_submission(self, tmp_path):
        hand_in(tmp_path / "desk" / "ann", {"a": ""})
        name = "Bob_12_assignsubmission_file_work.zip"
        zipped(tmp_path / "desk" / name, GRADESCOPE)
        assert {*found_in(tmp_path / "desk")} == {"ann", name.removesuffix(".zip")}

    def test_what_has_a_package_is_one_submission(self, lay):
        found = found_in(lay({**GRADESCOPE, "tinytorch/a.py": BOB}))
        assert {one.id: source(one) for one in found.values()} == {"download": BOB}

    def test_a_damaged_one_is_a_row(self, tmp_path):
        (tmp_path / "download.zip").write_bytes(b"PK\x03\x04")
        (one,) = find_submissions([tmp_path / "download.zip"])
        with pytest.raises(Refused, match="cannot be read"):
            take_from(one.place, Limits())


class TestLimits:
    """Of what one student has in a download, and of what is packed in it."""

    def one(self, lay, contents):
        inner = {
            f"{MOODLE.format(who='Ann', number=1)}/{name}": data for name, data in contents.items()
        }
        (one,) = find_submissions([lay(inner)])
        return one.place

    def test_hold_inside_of_an_archive_of_a_student(self, lay, monkeypatch):
        monkeypatch.setattr(archives, "LARGEST_CONTENT", 3 * MEGABYTE)
        bomb = io.BytesIO()
        with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("tinytorch/a.py", b"")
            archive.writestr("other", b"\0" * 4 * MEGABYTE)
        with pytest.raises(Refused, match="are packed in it"):
            take_from(self.one(lay, {"work.zip": bomb.getvalue()}), Limits())

    @pytest.mark.parametrize(
        ("contents", "why"),
        [
            ({"../../x.py": b"", "tinytorch/a.py": b""}, "leads out of it"),
            ({f"tinytorch/{n}.py": b"" for n in range(4)}, "4 files, and 3 are allowed"),
            ({"tinytorch/a.py": b"x" * (MEGABYTE + 1)}, "larger than 1 MB"),
            ({"a/inner.zip": b""}, "no folder tinytorch/"),
        ],
    )
    def test_are_those_of_any_submission(self, lay, contents, why):
        place = self.one(lay, {"work.zip": packed(contents)})
        with pytest.raises(Refused, match=why):
            take_from(place, Limits(files=3, file_size=1))

    def test_hold_for_what_lies_beside_an_archive(self):
        data = packed({"tinytorch/a.py": ANN})
        work = Item("work.zip", FILE, len(data), lambda most: data[:most])
        assert take_from(Part("ann", (work,)), Limits()).files == (("a.py", ANN),)
        with pytest.raises(Refused, match="leads out of it"):
            take_from(Part("ann", (work, Item("../x.py", FILE))), Limits())

    def test_of_several_archives_none_is_chosen(self, lay):
        both = {"a.zip": packed({"tinytorch/a.py": ANN}), "b.zip": packed({"tinytorch/a.py": BOB})}
        with pytest.raises(Refused, match=r"several archives in it, .*: a\.zip, b\.zip"):
            take_from(self.one(lay, both), Limits())

    def test_an_archive_beside_a_package_is_left_alone(self, lay):
        both = {"tinytorch/a.py": ANN, "old.zip": packed({"tinytorch/a.py": BOB})}
        assert take_from(self.one(lay, both), Limits()).files == (("a.py", ANN),)

    def test_what_the_system_added_is_no_archive(self, lay):
        both = {"work.zip": packed({"tinytorch/a.py": ANN}), "__MACOSX/._work.zip": b""}
        assert take_from(self.one(lay, both), Limits()).files == (("a.py", ANN),)

    def test_so_many_files_are_not_even_listed(self, tmp_path, monkeypatch):
        monkeypatch.setattr(archives, "MOST_ITEMS", 40)
        name = MOODLE.format(who="Ann", number=1)
        many = {f"{name}/{n}": b"" for n in range(50)}
        (one,) = find_submissions([zipped(tmp_path / "download.zip", many)])
        with pytest.raises(Refused, match="more than 40 files"):
            take_from(one.place, Limits())


@pytest.fixture
def moodle(tmp_path, monkeypatch):
    """What Moodle gave: a zip, and the worksheet beside it; the current folder is a workspace of toys."""
    needed_sandbox()
    monkeypatch.chdir(toy.build(tmp_path / "kit"))
    name = MOODLE.format
    solved = {
        f"{name(who='Ann Lee', number=11)}/t/tinytorch/{n}.py": x.encode()
        for n, x in SOLVED.items()
    }
    zipped(tmp_path / "moodle.zip", {**solved, f"{name(who='Bob', number=12)}/notes.txt": b""})
    sheet = "Identifier,Full name,Grade,Maximum grade\n"
    sheet += "".join(
        f"Participant {n},{who},,10.00\n" for n, who in ((11, "Ann Lee"), (12, "Bob"), (13, "Eve"))
    )
    (tmp_path / "sheet.csv").write_text(sheet, encoding="utf-8")
    return tmp_path


class TestACommand:
    def test_takes_what_moodle_gave_and_gives_back_what_it_takes(self, moodle):
        words = (
            str(moodle / "moodle.zip"),
            "--moodle",
            str(moodle / "sheet.csv"),
            "--checkpoint",
            "01",
        )
        lines = kit.tito("grade", *words, "--out", str(moodle / "graded")).splitlines()
        assert lines[0] == "Moodle's download: 2 submissions"
        assert lines[-2].startswith("1 graded, 1 refused, 1 absent.")
        assert lines[-1] == "moodle.csv: 2 grades"
        written = (moodle / "graded" / "moodle.csv").read_text(encoding="utf-8").splitlines()
        assert [line.split(",")[2] for line in written[1:]] == ["10.00", "0.00", ""]
        assert (moodle / "graded" / "submissions" / "11" / "feedback.md").is_file()
        merged = ("--merge", str(moodle / "graded"), "--out", str(moodle / "merged"))
        kit.tito("grade", *merged, "--moodle", str(moodle / "sheet.csv"))
        assert (moodle / "merged" / "moodle.csv").read_text(
            encoding="utf-8"
        ).splitlines() == written

    def test_says_what_is_wrong_with_a_worksheet(self, moodle):
        (moodle / "sheet.csv").write_text("name\n", encoding="utf-8")
        words = (str(moodle / "moodle.zip"), "--moodle", str(moodle / "sheet.csv"))
        said = kit.tito("grade", *words, "--out", str(moodle / "graded"), code=2)
        assert "no column 'identifier'" in " ".join(said.split())

    def test_needs_a_folder_for_results(self, moodle):
        assert "--out DIR" in kit.tito("grade", str(moodle / "moodle.zip"), code=2)
