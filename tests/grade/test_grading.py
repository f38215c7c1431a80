"""A class from end to end: the expected table, exactly; stop and go on; one grader at a time; shards."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from pytest_tinytorch.grade.attempt import attempt, judged, key_of
from pytest_tinytorch.grade.canaries import Planting
from pytest_tinytorch.grade.course import Course, CourseError, Limits
from pytest_tinytorch.grade.grades import Ending, Grade, Row, parse_grade
from pytest_tinytorch.grade.jobs import Answer, Job, Result
from pytest_tinytorch.grade.kit import judges, open_kit
from pytest_tinytorch.grade.pool import grade_many
from pytest_tinytorch.grade.sandbox import Sandbox
from pytest_tinytorch.grade.sandboxkind import Kind
from pytest_tinytorch.grade.session import plan
from pytest_tinytorch.grade.store import InTheWay, Store
from pytest_tinytorch.grade.submissions import Submission, find_submissions
from pytest_tinytorch.grade.taking import take
from pytest_tinytorch.tito.gradescreen import Screen
from tests.grade.classes import (
    DESK,
    MARK,
    SOLVED,
    WORTH,
    hand_in,
    needed_sandbox,
    processes,
    zipped,
)
from tests.grade.test_taking import items
from tests.support import kit, toy
from tests.support.long import is_long, one_in

UNITS = ("01 adding", "02 doubling", "03 squaring", "1901 sums", "1902 squares")
LIST = (
    "submission,id,name,late_days,section\n"
    "perfect,,Ada Lovelace,2,A\nhalf,,,\nwrong,,,\ncrashing,,,\neve,e9,Eve,,B\n"
)
COURSE = "[course]\ntitle = 'Toys'\n[points]\n'03' = 4\n[late]\nper_day = 0.1\n"
MEDDLES = (
    "from pathlib import Path\n"
    "spec = Path(__file__).parents[1] / 'specs' / 'test_03_squaring.py'\n"
    "spec.write_text(spec.read_text().replace('== 9', '!= None'))\n"
)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course: a workspace of toys, a class of submissions, a list of the class and what it is worth."""
    needed_sandbox()
    folder = tmp_path_factory.mktemp("course")
    toy.build(folder / "kit")
    for name, modules in DESK.items():
        hand_in(folder / "desk" / name, modules)
    (folder / "desk" / "empty").mkdir()
    zipped(folder / "desk" / "leading out.zip", {"tinytorch/a.py": b"", "../b.py": b""})
    (folder / "class.csv").write_text(LIST, encoding="utf-8")
    (folder / "course.toml").write_text(COURSE, encoding="utf-8")
    return folder


@pytest.fixture
def at_desk(course, monkeypatch):
    """The current folder is the workspace, and every run says whose it is."""
    monkeypatch.chdir(course / "kit")
    monkeypatch.setenv(MARK, str(os.getpid()))
    monkeypatch.setenv("COLUMNS", "200")
    yield course
    assert processes() == []


def grade(course, *arguments, desk="desk", code=0):
    given = ["--names", course / "class.csv", "--course", course / "course.toml", "--jobs", "1"]
    words = [course / desk, "--out", course / "graded", *given, "--env", MARK, *arguments]
    return kit.tito("grade", *map(str, words), code=code)


@pytest.fixture(scope="module")
def graded(course):
    """What the first run has said."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(course / "kit")
        patch.setenv(MARK, str(os.getpid()))
        said = grade(course)
    assert processes() == []
    return said


def table(folder):
    with (folder / "grades.csv").open(encoding="utf-8", newline="") as stream:
        return {row["id"]: row for row in csv.DictReader(stream)}


def job_of(course, **limits):
    opened = open_kit(course / "kit", course / "course.toml", {})
    opened = replace(opened, course=replace(opened.course, limits=Limits(**limits)))
    return Job(opened, needed_sandbox(), course, {MARK: str(os.getpid())})


def found_in(course, desk="desk"):
    return find_submissions([course / desk])


class TestTable:
    def test_is_as_expected_exactly(self, graded, course):
        rows = table(course / "graded")
        assert {*rows} == {*DESK, "empty", "leading out", "e9"}
        for name, worth in WORTH.items():
            row = rows[name]
            points = [
                int(passed) * (4 if unit[:2] == "03" else 1)
                for unit, passed in zip(UNITS, worth, strict=True)
            ]
            assert [row[unit] for unit in UNITS] == [str(n) for n in points], name
            total = sum(points) * (0.8 if name == "perfect" else 1)
            assert (row["points"], row["of"], row["ending"]) == (f"{total:g}", "8", "graded"), name
        assert rows["perfect"]["name"] == "Ada Lovelace"
        assert rows["perfect"]["flags"] == "2 days late: 80% of the points kept"
        assert rows["empty"]["ending"] == rows["leading out"]["ending"] == "refused"
        assert rows["crashing"]["flags"] == "squaring.py:2 os.abort"
        assert "no folder tinytorch/" in rows["empty"]["flags"]
        assert "leads out of it: ../b.py" in rows["leading out"]["flags"]
        assert (rows["e9"]["ending"], rows["e9"]["name"]) == ("absent", "Eve")
        sections = {name: row["section"] for name, row in rows.items() if row["section"]}
        assert sections == {"perfect": "A", "e9": "B"}
        assert {row["points"] for name, row in rows.items() if name not in DESK} == {"0"}

    def test_was_told_line_by_line(self, graded):
        lines = graded.splitlines()
        assert lines[0].endswith("class.csv: not used, only copied to grades.csv: section")
        assert lines[1] == "5 of 8 to grade, 2 refused, 1 absent"
        assert lines[2].startswith("1/5  crashing: 3 of 8")
        assert lines[-1].startswith("5 graded, 2 refused, 1 absent. The class: ")
        assert "\x1b" not in graded

    def test_has_its_files(self, graded, course):
        for name in DESK:
            place = course / "graded" / "submissions" / name
            assert {f.name for f in place.iterdir()} == {
                "grade.json",
                "fingerprints.json",
                "feedback.md",
                "gradescope.json",
                "run",
            }
            assert {f.name for f in (place / "run").iterdir()} == {
                *("progress.json", "junit.xml", "gradescope.json", "progress.md", "log.txt")
            }
            assert parse_grade((place / "grade.json").read_bytes()).sandbox.startswith("bubblewrap")
        score = json.loads((course / "graded/submissions/perfect/gradescope.json").read_bytes())[
            "score"
        ]
        assert score == 6.4
        page = (course / "graded" / "class.html").read_text(encoding="utf-8")
        assert '<h1 dir="auto">Toys</h1>' in page
        assert {f.name for f in (course / "graded").iterdir()} == {
            *(
                "submissions",
                "grades.csv",
                "class.html",
                "summary.json",
                "fingerprints.json",
                ".lock",
            )
        }

    def test_shows_a_student_what_a_learner_sees(self, graded, course):
        page = (course / "graded/submissions/wrong/feedback.md").read_text(encoding="utf-8")
        assert "Law       add(x, y) equals x + y." in page
        assert "Where     tinytorch/adding.py:" in page
        assert "    pytest -p tinytorch --isolate --hypothesis-profile=ci\n" in page

    def test_tells_no_student_what_was_flagged(self, graded, course):
        place = course / "graded" / "submissions" / "crashing"
        (flag,) = parse_grade((place / "grade.json").read_bytes()).flags
        assert flag.text == "squaring.py:2 os.abort"
        for name in ("feedback.md", "gradescope.json"):
            text = (place / name).read_text(encoding="utf-8")
            assert flag.text not in text
            assert flag.why not in text
        page = (course / "graded" / "class.html").read_text(encoding="utf-8")
        assert "squaring.py:2 os.abort" in page


def shown(text):
    """What a run shows of the specs that failed, in order."""
    told = ("Law ", "Called ", "Expected ", "Got ", "Where ")
    return [line.strip() for line in text.splitlines() if line.strip().startswith(told)]


def test_a_student_sees_the_same_at_home_by_the_command_of_their_feedback(graded, course, tmp_path):
    root = toy.build(tmp_path)
    toy.write(root, {f"tinytorch/{name}.py": text for name, text in DESK["wrong"].items()})
    place = course / "graded" / "submissions" / "wrong"
    page = (place / "feedback.md").read_text(encoding="utf-8")
    [command] = re.findall(r"^    pytest (.*)$", page, re.MULTILINE)
    home = toy.pytest_in(root, *shlex.split(command), variables={"COLUMNS": "100"}, cold=True)
    log = (place / "run" / "log.txt").read_text(encoding="utf-8")
    assert "Law       add(x, y) equals x + y." in shown(log)
    assert shown(home.output) == shown(log)


class TestGoingOn:
    def test_grades_nothing_twice(self, graded, at_desk):
        before = kit.contents(at_desk / "graded")
        assert grade(at_desk).splitlines()[1] == "0 of 8 to grade, 5 known, 2 refused, 1 absent"
        assert kit.contents(at_desk / "graded") == before

    def test_other_points_need_no_run(self, graded, at_desk):
        shutil.copytree(at_desk / "graded", at_desk / "other")
        (at_desk / "dear.toml").write_text("[points]\n'01' = 90\n", encoding="utf-8")
        words = ("--course", str(at_desk / "dear.toml"), "--out", str(at_desk / "other"))
        assert "0 of 8 to grade" in grade(at_desk, *words)
        assert table(at_desk / "other")["half"]["points"] == "90"
        text = (at_desk / "other/submissions/half/feedback.md").read_text(encoding="utf-8")
        assert text.startswith("# half: 90 of 94 points")

    def test_what_changed_is_graded_anew(self, graded, course):
        def todo(job, desk="desk"):
            found = plan(found_in(course, desk), job, Store(course / "graded"))
            return {one.id for one, _ in found.todo}

        job = job_of(course)
        assert todo(job) == set()
        shutil.copytree(course / "desk", course / "edited")
        file = course / "edited" / "half" / "tinytorch" / "adding.py"
        file.write_bytes(file.read_bytes() + b"\n")
        assert todo(job, "edited") == {"half"}
        assert todo(replace(job, sandbox=Sandbox(Kind.NONE))) == {*DESK}
        assert todo(job_of(course, memory=2048)) == {*DESK}
        assert todo(replace(job, variables={})) == {*DESK}
        grade_file = course / "graded" / "submissions" / "wrong" / "grade.json"
        whole = grade_file.read_bytes()
        grade_file.write_bytes(whole[:50])
        assert todo(job) == {"wrong"}
        grade_file.write_bytes(whole)

    @pytest.mark.parametrize(
        "path",
        ["specs/test_03_squaring.py", "milestones/01_1901_sums/test_01_sums.py", "curriculum.toml"],
    )
    def test_another_kit_grades_anew(self, course, tmp_path, path):
        shutil.copytree(course / "kit", tmp_path / "kit")
        before = open_kit(tmp_path / "kit", None, {}).digest
        assert open_kit(tmp_path / "kit", None, {}).digest == before
        assert open_kit(tmp_path / "kit", None, {"checkpoint": "01"}).digest != before
        file = tmp_path / "kit" / path
        file.write_text(file.read_text(encoding="utf-8") + "\n# another\n", encoding="utf-8")
        assert open_kit(tmp_path / "kit", None, {}).digest != before

    def test_only_one_is_graded_again_and_comes_out_the_same(self, graded, at_desk):
        place = at_desk / "graded" / "submissions"
        before = parse_grade((place / "wrong" / "grade.json").read_bytes())
        others = {n: (place / n / "grade.json").stat().st_mtime_ns for n in DESK if n != "wrong"}
        said = grade(at_desk, "--only", "wrong", "--verbose")
        assert "1 of 8 to grade" in said
        assert "Law       add(x, y) equals x + y." in said
        assert "At home: pytest -p tinytorch --isolate --hypothesis-profile=ci" in said
        assert "No seed is needed: the profile `ci` draws the same examples every time" in said
        after = parse_grade((place / "wrong" / "grade.json").read_bytes())
        assert after.seed != before.seed
        assert replace(after, cpu=before.cpu, wall=before.wall, seed=before.seed) == before
        assert f"The same canaries again: --only wrong --seed {after.seed}" in said
        assert {n: (place / n / "grade.json").stat().st_mtime_ns for n in others} == others

    def test_canaries_are_the_same_again_for_who_names_their_seed(self, graded, at_desk):
        place = at_desk / "graded" / "submissions"
        seed = "0123456789abcdef" * 2
        grade(at_desk, "--only", "wrong", "--seed", seed)
        assert parse_grade((place / "wrong" / "grade.json").read_bytes()).seed == seed
        assert parse_grade((place / "half" / "grade.json").read_bytes()).seed != seed

    def test_a_grader_that_is_killed_has_lost_nothing(self, graded, at_desk, tmp_path):
        desk, out = tmp_path / "desk", tmp_path / "out"
        shutil.copytree(at_desk / "desk", desk)
        shutil.copytree(at_desk / "graded", out)
        hand_in(desk / "zoe", {"adding": "import time\ntime.sleep(1000)\n"})
        words = ["grade", str(desk), "--out", str(out), "--env", MARK]
        running = subprocess.Popen([sys.executable, "-m", "pytest_tinytorch.tito", *words])
        waited(lambda: any(b"grade.inside" in command for command in commands(processes())))
        running.send_signal(signal.SIGKILL)
        running.wait()
        waited(lambda: not processes())
        assert [*(out / ".work").iterdir()]
        hand_in(desk / "zoe", SOLVED)
        before = kit.contents(out / "submissions" / "half" / "run")
        said = kit.tito(*words)
        assert said.splitlines()[0] == "1 of 8 to grade, 5 known, 2 refused"
        assert kit.contents(out / "submissions" / "half" / "run") == before
        points = {name: row["points"] for name, row in table(out).items()}
        whole = {name: str(worth.count("1")) for name, worth in WORTH.items()}
        assert points == {**whole, "empty": "0", "leading out": "0", "zoe": "5"}
        assert not (out / ".work").exists()


@contextmanager
def busy_machine():
    """Twice as many processes as there are cores, which do nothing but compute while the block runs."""
    words = [sys.executable, "-c", "while True: pass"]
    unmarked = {name: value for name, value in os.environ.items() if name != MARK}
    others = [subprocess.Popen(words, env=unmarked) for _ in range(2 * (os.cpu_count() or 1))]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


@pytest.mark.skipif(not is_long(), reason="two dozen runs: `TINYTORCH_LONG=1`")
def test_a_class_that_is_killed_beside_a_busy_machine_goes_on(at_desk, tmp_path):
    """Nothing is lost, nothing is graded twice, and all verdicts are those of a quiet machine."""
    class_ = {
        f"{name} {number}": name
        for name in ("perfect", "half", "wrong", "crashing")
        for number in range(6)
    }
    for one, name in class_.items():
        hand_in(tmp_path / "desk" / one, DESK[name])
    out = tmp_path / "out"
    words = ["grade", str(tmp_path / "desk"), "--out", str(out), "--env", MARK, "--jobs", "2"]

    def kept():
        return {
            file.parent.name: file.stat().st_mtime_ns
            for file in out.glob("submissions/*/grade.json")
        }

    with busy_machine():
        running = subprocess.Popen([sys.executable, "-m", "pytest_tinytorch.tito", *words])
        waited(lambda: len(kept()) >= 8, 1200)
        running.send_signal(signal.SIGKILL)
        running.wait()
        waited(lambda: not processes())
        before = kept()
        said = kit.tito(*words)
    assert 8 <= len(before) < len(class_)
    assert said.splitlines()[0] == f"{24 - len(before)} of 24 to grade, {len(before)} known"
    after = kept()
    assert {name: after[name] for name in before} == before
    assert {*after} == {*class_}
    rows = table(out)
    assert {name: row["points"] for name, row in rows.items()} == {
        one: str(WORTH[name].count("1")) for one, name in class_.items()
    }
    assert {row["ending"] for row in rows.values()} == {"graded"}


def waited(holds, seconds=300):
    """Wait until something holds, and fail if it never does."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_two_graders_do_not_meet(at_desk):
    with Store(at_desk / "graded").held():
        said = grade(at_desk, code=2)
    assert "another grader is at work on" in said


class TestShards:
    """Of submissions that need no run."""

    @pytest.fixture
    def desk(self, at_desk, tmp_path):
        for name in "abcde":
            (tmp_path / "desk" / name).mkdir(parents=True)
        return tmp_path

    def run(self, desk, *arguments, out, code=0):
        words = [desk / "desk", "--out", desk / out, *arguments]
        return kit.tito("grade", *map(str, words), code=code)

    def test_together_are_the_class(self, desk):
        self.run(desk, out="whole")
        for number in (1, 2):
            self.run(desk, "--shard", f"{number}/2", out=f"part{number}")
        assert {*table(desk / "part1")} == {*"ace"}
        parts = [str(desk / f"part{number}") for number in (1, 2)]
        kit.tito("grade", "--merge", *parts, "--out", str(desk / "merged"))
        for file in ("grades.csv", "class.html", "summary.json"):
            assert (desk / "merged" / file).read_bytes() == (desk / "whole" / file).read_bytes()
        assert kit.contents(desk / "merged") == kit.contents(desk / "whole")

    def test_are_merged_only_if_all_are_there(self, desk):
        self.run(desk, "--shard", "1/2", out="part1")
        words = ("--merge", str(desk / "part1"), "--out", str(desk / "merged"))
        assert "2/2 is missing" in kit.tito("grade", *words, code=2)
        assert not (desk / "merged" / "grades.csv").exists()
        assert "name the folders" in kit.tito("grade", "--merge", "--out", str(desk / "m"), code=2)

    def test_are_not_replaced_by_the_class(self, desk):
        parts = [desk / f"part{number}" for number in (1, 2)]
        for number, part in enumerate(parts, start=1):
            self.run(desk, "--shard", f"{number}/2", out=part.name)
        before = kit.contents(parts[0])
        words = ("--merge", *map(str, parts), "--out", str(desk / "desk" / ".." / "part1"))
        assert "part1 is one of the shards: name another folder" in kit.tito(
            "grade", *words, code=2
        )
        assert kit.contents(parts[0]) == before

    @pytest.mark.parametrize(
        "words",
        [
            ("--course", "week.toml"),
            ("--names", "class.csv"),
            ("--checkpoint", "01"),
            ("--jobs", "1"),
        ],
    )
    def test_are_not_merged_with_options_that_would_change_nothing(self, at_desk, tmp_path, words):
        for name in ("week.toml", "class.csv"):
            (tmp_path / name).write_text("", encoding="utf-8")
        given = [str(tmp_path / word) if (tmp_path / word).is_file() else word for word in words]
        said = kit.tito("grade", "--merge", "a", "b", "--out", str(tmp_path / "m"), *given, code=2)
        assert f"{words[0]} changes nothing with --merge: name it for each shard" in said
        assert not (tmp_path / "m").exists()

    def test_are_not_merged_with_what_is_none(self, desk):
        self.run(desk, "--shard", "1/2", out="part1")
        self.run(desk, out="whole")
        for other, why in (("whole", "a whole class is in it"), ("none", "no summary.json in it")):
            words = (str(desk / "part1"), str(desk / other), "--out", str(desk / "merged"))
            said = kit.tito("grade", "--merge", *words, code=2)
            assert f"{other} is no shard: " in said
            assert why in said

    @pytest.mark.parametrize("text", ["0/2", "3/2", "1", "a/b", "1/0", "-1/2"])
    def test_are_written_as_a_fraction(self, desk, text):
        assert "write it as 2/8" in self.run(desk, f"--shard={text}", out="x", code=2)


def test_without_a_sandbox_each_row_says_so_and_a_changed_kit_gives_nothing(at_desk, tmp_path):
    hand_in(tmp_path / "desk" / "a", {"squaring": MEDDLES})
    hand_in(tmp_path / "desk" / "b", {"squaring": "def square(x):\n    return 1\n"})
    words = ("--out", str(tmp_path / "out"), "--sandbox", "none", "--jobs", "1", "--env", MARK)
    kit.tito("grade", str(tmp_path / "desk"), *words)
    rows = table(tmp_path / "out")
    assert (rows["a"]["ending"], rows["a"]["points"]) == ("ended", "0")
    assert rows["a"]["flags"] == (
        "the run changed the kit: specs/test_03_squaring.py; squaring.py:2 names 'specs';"
        " squaring.py:2 __file__; squaring.py:3 .write_text"
    )
    assert (rows["b"]["ending"], rows["b"]["points"]) == ("graded", "0")
    assert rows["b"]["flags"] == "graded without a sandbox"


class TestAnswers:
    """What is made of an answer of the sandbox."""

    def judged(self, course, code=0, changed=(), files=None, **states):
        job = job_of(course)
        units = {
            unit.id: {"state": states.get(unit.name, "passed"), "groups": [], "specs": {}}
            for unit in job.kit.asked
        }
        told = {"schema": 1, "granting": True, "units": units, "tasks": [], "warnings": []}
        text = json.dumps({**told, **states.pop("told", {})})
        files = {"progress.json": text, "log.txt": "said"} if files is None else files
        return judged(Answer(code=code, files=files), changed, job, Planting())

    def test_with_all_passed(self, course):
        result, again = self.judged(course)
        assert result.grade.ending == "graded"
        assert {*result.grade.states.values()} == {"passed"}
        assert (result.grade.remarks, again) == ((), False)

    @pytest.mark.parametrize(
        ("told", "reason"),
        [
            ({"code": None}, "it did not end within"),
            ({"code": -9}, "pytest ended with code -9"),
            ({"code": 3}, "pytest ended with code 3"),
            ({"changed": ("specs/a.py",)}, "the run changed the kit: specs/a.py"),
            ({"files": {}}, "there are no results"),
            ({"files": {"progress.json": "[" * 10_000}}, "there are no results"),
            ({"told": {"granting": False}}, "the run granted nothing"),
        ],
    )
    def test_that_give_no_points(self, course, told, reason):
        result, again = self.judged(course, **told)
        assert result.grade.ending == "ended"
        assert result.grade.reason.startswith(reason)
        assert not again

    def test_in_which_something_could_not_be_measured(self, course):
        result, again = self.judged(course, code=1, doubling="not run")
        assert again
        assert result.grade.remarks == ("not measured: 02 doubling",)
        assert not self.judged(course, code=1, doubling="not run", adding="broken")[1]

    def test_of_a_sandbox_that_failed_are_void(self, course):
        result, again = judged(Answer(trouble="no memory"), (), job_of(course), Planting())
        assert (result.grade.ending, result.grade.reason, again) == ("void", "no memory", False)

    def test_are_asked_for_twice_at_most(self, course, monkeypatch):
        asked = []

        def run(*given):
            asked.append(given)
            units = {"checkpoint-01": {"state": "not run", "groups": [], "specs": {}}}
            told = {"schema": 1, "granting": True, "units": units, "tasks": [], "warnings": []}
            return Answer(code=1, files={"progress.json": json.dumps(told)})

        monkeypatch.setattr("pytest_tinytorch.grade.attempt.run", run)
        monkeypatch.setattr("pytest_tinytorch.grade.attempt.planting", lambda *given: Planting())
        job = job_of(course)
        result = attempt(take(items("tinytorch/a.py", "tinytorch/b.so"), Limits()), job)
        assert len(asked) == 2
        assert [remark[:9] for remark in result.grade.remarks] == ["not taken", "not measu"]
        assert result.grade.key


def test_a_submission_that_the_grader_fails_at_is_a_row_like_others(course):
    def fails():
        raise RuntimeError("gone")

    ((one, result),) = grade_many([(Submission("ann"), fails)], job_of(course), 1)
    assert one.id == "ann"
    assert result.grade.ending == "void"
    assert result.grade.reason == "the grader failed: RuntimeError: gone"


def test_what_never_runs_is_not_called_known():
    assert Screen(2).head() == "2 of 2 to grade"
    others = [Ending.ABSENT, Ending.REFUSED, Ending.ENDED, Ending.ABSENT]
    assert Screen(0, others).head() == "0 of 4 to grade, 1 known, 1 refused, 2 absent"


def test_a_terminal_sees_a_bar_with_rate_and_time_left(monkeypatch):
    shown = io.StringIO()
    monkeypatch.setattr(
        "pytest_tinytorch.tito.gradescreen.Console",
        lambda **given: Console(file=shown, force_terminal=True, width=100, **given),
    )
    screen = Screen(2, [Ending.GRADED])
    row = Row(Submission("a[b]\x1b"), Grade(Ending.GRADED), {}, 3.0, 1.0)
    with screen.shown():
        for _ in range(2):
            screen.tell(row)
            screen.bar.refresh()
    text = shown.getvalue()
    assert "2 of 2" in text
    assert "a minute" in text
    assert "left" in text
    assert "a[b]: 0 of 3" in text


def test_a_person_who_stops_it_leaves_nothing_running(at_desk, tmp_path):
    hand_in(tmp_path / "desk" / "b", {"adding": "import time\ntime.sleep(1000)\n"})
    words = ["grade", str(tmp_path / "desk"), "--out", str(tmp_path / "out"), "--env", MARK]
    running = subprocess.Popen(
        [sys.executable, "-m", "pytest_tinytorch.tito", *words], stdout=subprocess.PIPE, text=True
    )
    waited(lambda: any(b"grade.inside" in command for command in commands(processes())))
    running.send_signal(signal.SIGINT)
    said, _ = running.communicate()
    assert running.returncode == 130
    assert "run the same command again to continue" in said
    assert processes() == []
    assert not (tmp_path / "out" / ".work").exists()


def commands(found):
    """The command line of each process that is still there."""
    for process in found:
        with suppress(OSError):
            yield Path("/proc", str(process), "cmdline").read_bytes()


class TestPlaces:
    """Results and submissions lie apart: neither is taken for the other, and none is replaced."""

    @pytest.mark.parametrize("out", ["desk", "desk/graded", "desk/../desk/a/b", "."])
    def test_of_results_are_not_among_submissions(self, at_desk, tmp_path, out):
        hand_in(tmp_path / "desk" / "ann", SOLVED)
        hand_in(tmp_path / "submissions" / "ann", SOLVED)
        desk = tmp_path / ("submissions" if out == "." else "desk")
        before = kit.contents(tmp_path)
        said = kit.tito("grade", str(desk), "--out", str(tmp_path / out), code=2)
        assert "would replace" in said if out == "." else "is among the submissions" in said
        assert kit.contents(tmp_path) == before

    def test_of_results_may_be_beside_the_package_of_a_single_one(self, tmp_path):
        one = hand_in(tmp_path / "ann", SOLVED)
        Store(one / "graded").refuse_among([one])
        for out in (one, one / "tinytorch", one / "tinytorch" / "graded"):
            with pytest.raises(InTheWay, match="among the submissions"):
                Store(out).refuse_among([one])


class TestUsage:
    @pytest.mark.parametrize(
        ("words", "message"),
        [
            ([], "there is nothing to grade"),
            (["{desk}", "--checkpoint", "99"], "'99'"),
            (["{desk}", "--checkpoint", "00"], "is asked for, and 00 environment gives none: name"),
            (["{desk}", "--only", "zoe"], "no submission is called 'zoe'"),
            (["{desk}", "--borrow", "01-03", "--checkpoint", "01"], "borrowed"),
            (["{desk}", "--seed", "ab" * 16], "--seed needs --only"),
            (["{desk}", "--only", "half", "--seed", "1"], "32 digits"),
        ],
    )
    def test_mistakes_are_named(self, at_desk, words, message):
        words = [word.format(desk=at_desk / "desk") for word in words]
        said = kit.tito("grade", *words, "--out", str(at_desk / "x"), code=2)
        assert message in said
        assert "Traceback" not in said

    def test_a_missing_sandbox_is_an_error_that_says_what_mends_it(self, at_desk, monkeypatch):
        monkeypatch.setenv("PATH", str(at_desk))
        monkeypatch.setattr("pytest_tinytorch.grade.sandbox._packaged", lambda: None)
        assert "apt install bubblewrap" in grade(at_desk, code=2)


class TestKit:
    @pytest.mark.parametrize("where", one_in(2, ["checkout", "installed"]))
    def test_has_specs_and_stubs_and_no_solution(self, tmp_path, where):
        self.check({"installed": None, "checkout": kit.ROOT}[where], tmp_path / "one")

    def test_of_a_workspace_has_its_specs_if_they_can_be_trusted(self, tmp_path):
        made = tmp_path / "w"
        kit.tito("init", str(made), "--no-git")
        self.check(made, tmp_path / "one")
        with (made / "specs" / "test_01_tensor.py").open("a", encoding="utf-8") as stream:
            stream.write("# another\n")
        with pytest.raises(CourseError, match="tito specs accept"):
            open_kit(made, None, {})

    def check(self, root, place):
        opened = open_kit(root, None, {"checkpoint": "02-03", "borrow": "01"})
        assert [u.label for u in opened.asked] == ["02 activations", "03 layers"]
        lent = [path for path in opened.files if "reference" in path]
        assert lent == ["reference/tinytorch/tensor.py"]
        assert "specs/manifest.json" in opened.files
        assert not [p for p in opened.files if p.startswith(("tinytorch/", "docs/", ".git/"))]
        assert b"NotImplementedError" in opened.package["activations.py"]
        opened.write(place, {"activations.py": b"x = 1\n"})
        assert (place / "tinytorch/activations.py").read_bytes() == b"x = 1\n"
        assert opened.changed(place) == ()

    @pytest.mark.parametrize(
        ("setting", "borrow"),
        [("addopts = -p tinytorch --borrow 01", "01"), ("tinytorch_borrow = 02", "02")],
    )
    def test_borrows_what_the_settings_say(self, course, tmp_path, setting, borrow):
        shutil.copytree(course / "kit", tmp_path / "kit")
        file = tmp_path / "kit" / "pytest.ini"
        text = file.read_text(encoding="utf-8").replace("addopts = -p tinytorch", setting)
        file.write_text(text, encoding="utf-8")
        assert [u.number for u in open_kit(tmp_path / "kit", None, {}).borrowed] == [borrow]
        own = open_kit(tmp_path / "kit", None, {"borrow": "03"})
        assert "--borrow=03" in own.options
        assert "path" not in " ".join(own.options)

    def test_notices_each_change(self, course, tmp_path):
        opened = open_kit(course / "kit", None, {})
        opened.write(tmp_path / "one", {})
        (tmp_path / "one" / "pytest.ini").write_text("", encoding="utf-8")
        (tmp_path / "one" / "specs" / "conftest.py").write_text("", encoding="utf-8")
        (tmp_path / "one" / "curriculum.toml").unlink()
        assert opened.changed(tmp_path / "one") == (
            "curriculum.toml",
            "pytest.ini",
            "specs/conftest.py",
        )


def test_a_key_is_of_all_that_a_grade_depends_on(course):
    job = job_of(course)
    one, other = take(items("tinytorch/a.py"), Limits()), take(items("tinytorch/b.py"), Limits())
    keys = {
        key_of(one, job),
        key_of(other, job),
        key_of(one, replace(job, kit=replace(job.kit, digest="x"))),
        key_of(one, replace(job, sandbox=Sandbox(Kind.NONE))),
        key_of(one, replace(job, variables={"A": "1"})),
        key_of(one, replace(job, kit=replace(job.kit, course=Course(limits=Limits(cpu=1))))),
    }
    assert len(keys) == 6
    assert key_of(one, replace(job, folder=course / "elsewhere")) in keys


def test_results_of_names_in_any_script_are_apart(tmp_path):
    store = Store(tmp_path)
    names = ("ann", "Ann ", "陈", "a/b", "a_b", "../a")
    places = {store.place(Submission(name)) for name in names}
    assert len(places) == len(names)
    assert all(place.parent == tmp_path / "submissions" for place in places)


def test_no_file_is_kept_under_a_name_that_comes_from_elsewhere(tmp_path):
    with (store := Store(tmp_path)).held():
        files = {"log.txt": "said", "../../../forged": "x", "forged": "x"}
        store.keep(Submission("ann"), Result(Grade(Ending.GRADED), files))
    assert {*kit.contents(tmp_path)} - {".lock"} == {
        "submissions/ann/grade.json",
        "submissions/ann/run/log.txt",
    }


def test_a_checkout_and_an_installed_kit_are_judged_by_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr("pytest_tinytorch.grade.kit.PLUGIN", tmp_path)
    before = judges()
    for name in ("shipped/specs/laws.py", "website/hooks.py"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("", encoding="utf-8")
    assert judges() == before
    (tmp_path / "judge.py").write_text("", encoding="utf-8")
    assert judges() != before
