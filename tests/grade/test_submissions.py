"""Which submissions there are: folders, archives, lists; names in any script, and two of one name."""

from __future__ import annotations

import os

import click
import pytest

from pytest_tinytorch.grade.classlist import ListError, entries_of, read_list, unread_columns
from pytest_tinytorch.grade.session import in_shard
from pytest_tinytorch.grade.submissions import (
    Entry,
    NoPlace,
    Submission,
    find_submissions,
    folder_name,
)
from pytest_tinytorch.tito.grading import chosen_ids
from tests.grade.classes import hand_in, zipped


@pytest.fixture
def desk(tmp_path):
    """A folder of submissions, with what else lies about."""
    hand_in(tmp_path / "desk" / "ann", {"adding": ""})
    hand_in(tmp_path / "desk" / "Łukasz 陈" / "my-torch", {"adding": ""})
    zipped(tmp_path / "desk" / "bob.zip", {"tinytorch/a.py": b""})
    (tmp_path / "desk" / "notes.txt").write_text("", encoding="utf-8")
    (tmp_path / "desk" / ".hidden").mkdir()
    return tmp_path / "desk"


def by_id(found):
    return {one.id: one for one in found}


def test_a_folder_of_submissions_is_opened(desk):
    found = by_id(find_submissions([desk]))
    assert list(found) == ["ann", "bob", "notes.txt", "Łukasz 陈"]
    assert {one.id for one in found.values() if one.refused} == {"notes.txt"}
    assert "no folder and no archive" in found["notes.txt"].refused
    assert found["bob"].place == desk / "bob.zip"


def test_a_folder_with_a_package_is_one_submission(desk):
    assert [one.id for one in find_submissions([desk / "ann", desk / "bob.zip"])] == ["ann", "bob"]


def test_the_current_folder_has_a_name(desk, monkeypatch):
    monkeypatch.chdir(desk / "ann")
    (one,) = find_submissions([type(desk)(".")])
    assert one.id == "ann"


def test_what_is_named_and_not_there_is_a_mistake(desk):
    with pytest.raises(NoPlace, match=r"there is no .*eve: name folders or archives"):
        find_submissions([desk, desk / "eve"])


@pytest.mark.skipif(os.name != "posix", reason="not everybody may make links elsewhere")
def test_a_link_to_nothing_in_a_folder_of_submissions_is_a_row(desk):
    (desk / "eve").symlink_to(desk / "nowhere")
    assert by_id(find_submissions([desk]))["eve"].refused == "there is no such folder or archive"


def test_of_two_with_one_name_none_is_graded(desk):
    hand_in(desk / "bob", {"adding": ""})
    found = by_id(find_submissions([desk]))
    assert {"bob (1)", "bob (2)"} < {*found}
    for number in (1, 2):
        assert "2 submissions are called bob" in found[f"bob ({number})"].refused
    assert not found["ann"].refused


@pytest.mark.parametrize("other", ["ANN", "a\u030anna"])
def test_names_that_some_system_takes_for_one_are_one_name(tmp_path, other):
    first = "ann" if other == "ANN" else "\u00e5nna"
    places = [hand_in(tmp_path / f"{n}" / name, {"a": ""}) for n, name in enumerate((first, other))]
    assert all(one.refused for one in find_submissions(places))


class TestFolders:
    @pytest.mark.parametrize(
        "name", ["ann", "Łukasz Żółć", "陈晓明", "محمد", "ann@example.org", "a" * 60]
    )
    def test_are_named_after_the_id(self, name):
        assert folder_name(name) == name

    @pytest.mark.parametrize(
        "name",
        ["a/b", "..", ".", "", "con", "NUL.txt", "a:b", "x ", "a\nb", "a" * 300, "-", "陈" * 90],
    )
    def test_are_safe_for_any_id(self, name):
        made = folder_name(name)
        assert made not in (".", "..", "")
        assert not {*'/\\:*?"<>|\n'} & {*made}
        assert len(made.encode("utf-8")) < 255
        assert made.casefold().partition(".")[0] not in ("con", "nul")

    def test_differ_for_ids_that_differ(self):
        names = ["a/b", "a:b", "a_b", "a?b", "a" * 300, "a" * 301]
        assert len({folder_name(name) for name in names}) == len(names)


class TestChosen:
    FOUND = (
        Submission("u1001", also=("ann",)),
        Submission("week-bob", also=("bob", "ann-bob")),
        Submission("term-bob", also=("bob",)),
    )

    def test_are_called_by_their_id_or_another_name(self):
        assert chosen_ids(self.FOUND, ["u1001", "ann-bob"]) == {"u1001", "week-bob"}
        assert chosen_ids(self.FOUND, ["ann", "u1001"]) == {"u1001"}

    @pytest.mark.parametrize(
        ("word", "message"),
        [
            ("u101", r"no submission is called 'u101'\. Did you mean 'u1001'\?"),
            ("zoe", r"no submission is called 'zoe'\. There is u1001, week-bob, term-bob$"),
            ("bob", "--only bob: say which: week-bob, term-bob"),
        ],
    )
    def test_that_are_none_or_several_are_a_mistake(self, word, message):
        with pytest.raises(click.UsageError, match=message):
            chosen_ids(self.FOUND, [word])

    def test_are_called_by_their_folder_where_a_list_has_an_id(self, desk):
        found = find_submissions([desk], {"ann": Entry("u1001", "Ann")})
        assert chosen_ids(found, ["ann"]) == {"u1001"}


class TestLists:
    ROWS = ({"submission": "bob.zip", "id": "u2", "name": "Bob", "late_days": "3"},)

    def test_name_submissions(self, desk):
        found = by_id(find_submissions([desk], entries_of(self.ROWS, "x")))
        assert found["u2"] == Submission("u2", "Bob", desk / "bob.zip", 3, also=("bob",))
        assert found["ann"].name == ""

    def test_have_students_who_handed_nothing_in(self, desk):
        found = by_id(find_submissions([desk], {"eve": Entry("u9", "Eve")}))
        assert found["u9"] == Submission("u9", "Eve", None)

    def test_are_read_from_csv(self, tmp_path):
        file = tmp_path / "class.csv"
        file.write_bytes("\ufeffsubmission,name,late_days\nann,Ånna,\nbob,,2\n".encode())
        assert read_list(file) == {"ann": Entry("ann", "Ånna", 0), "bob": Entry("bob", "", 2)}

    @pytest.mark.parametrize(
        ("rows", "message"),
        [
            ([{"name": "Ann"}], "class.csv:2: the column submission"),
            (
                [{"submission": "a", "late_days": "-1"}],
                "class.csv:2: late_days must be an integer of at least 0, got '-1'",
            ),
            ([{"submission": "a", "late_days": "²"}], "class.csv:2: late_days must be an integer"),
            ([{"submission": "a"}, {"submission": "a.zip"}], "class.csv:3: a is there twice"),
            (
                [{"submission": "a", "id": "1"}, {"submission": "b", "id": "1"}],
                "class.csv:3: 1 is there twice",
            ),
        ],
    )
    def test_with_a_mistake_are_refused(self, rows, message):
        with pytest.raises(ListError, match=message):
            entries_of(rows, "class.csv")

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("submission,name,late\nann,Ann,2\n", r"'late' is no column: .* mean 'late_days'\?"),
            ("submision,id\nann,1\n", r"'submision' is no column: .* mean 'submission'\?"),
            ("submission,names\nann,Ann\n", r"'names' is no column: .* mean 'name'\?"),
            ("submission,Section,Section\nann,1,2\n", "two columns are called 'Section'"),
            ("submission,name,Name\nann,1,2\n", "two columns are called 'name'"),
            ("who,name\nann,Ann\n", "no column 'submission': the first line has submission, id, "),
            ("", "no column 'submission'"),
            (
                "submission;id;name\nann;u1;Ann\n",
                "save it with commas between the columns, not with ';'",
            ),
            ("submission,name\n", "there are no students in it"),
        ],
    )
    def test_with_misspelled_columns_or_nobody_are_refused(self, tmp_path, text, message):
        file = tmp_path / "class.csv"
        file.write_text(text, encoding="utf-8")
        with pytest.raises(ListError, match=f"class.csv: .*{message}"):
            read_list(file)

    def test_keep_columns_that_mean_nothing_to_the_grader(self, tmp_path, desk):
        file = tmp_path / "class.csv"
        text = "Submission,E-Mail,section,Surname,Late Days\nann,a@b.org,2,Lee,1\neve,,3\n"
        file.write_text(text, encoding="utf-8")
        listed = read_list(file)
        more = (("E-Mail", "a@b.org"), ("section", "2"), ("Surname", "Lee"))
        assert listed["ann"] == Entry("ann", "", 1, more)
        assert unread_columns(listed) == [
            "not used, only copied to grades.csv: E-Mail, section, Surname"
        ]
        found = by_id(find_submissions([desk], listed))
        assert found["ann"].more == more
        assert found["eve"].more == (("E-Mail", ""), ("section", "3"), ("Surname", ""))
        assert found["bob"].more == ()

    def test_of_known_columns_have_nothing_to_say(self, tmp_path):
        file = tmp_path / "class.csv"
        file.write_text("submission,ID,NAME,late-days,\nann,u1,Ann,2,x\n", encoding="utf-8")
        assert read_list(file) == {"ann": Entry("u1", "Ann", 2)}
        assert unread_columns(read_list(file)) == []

    def test_in_latin_1_are_said_to_be_no_utf_8(self, tmp_path):
        file = tmp_path / "class.csv"
        file.write_bytes("submission,name\nann,Ünal\n".encode("latin-1"))
        with pytest.raises(ListError, match=r"class\.csv is not UTF-8: save it as CSV in UTF-8$"):
            read_list(file)

    def test_may_have_spaces_around_titles_and_columns_without_one(self, tmp_path):
        file = tmp_path / "class.csv"
        file.write_text("submission, name,,\nann,Ann,,\n", encoding="utf-8")
        assert read_list(file) == {"ann": Entry("ann", "Ann")}

    @pytest.mark.parametrize("data", [b"\xff\xfe", None])
    def test_that_cannot_be_read_are_refused(self, tmp_path, data):
        file = tmp_path / "class.csv"
        if data is not None:
            file.write_bytes(b"submission\n" + data)
        with pytest.raises(ListError, match=r"class\.csv"):
            read_list(file)


@pytest.mark.parametrize("count", [0, 1, 7, 8, 30])
def test_each_submission_is_in_one_shard(count):
    all_of_them = [Submission(f"s{n}") for n in range(count)]
    parts = [in_shard(all_of_them, (number, 8)) for number in range(1, 9)]
    assert sorted(one.id for part in parts for one in part) == sorted(s.id for s in all_of_them)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.skipif(os.name != "posix", reason="such a name cannot be given elsewhere")
def test_a_name_that_is_no_text_is_shown(tmp_path):
    folder = os.fsencode(tmp_path) + b"/\xff\x1b"
    os.mkdir(folder)  # noqa: PTH102
    hand_in(type(tmp_path)(os.fsdecode(folder)), {"adding": ""})
    (one,) = find_submissions([tmp_path])
    assert one.id.isprintable()
    assert one.id.encode("utf-8")
