"""Whatever is handed in: one row that says so, the others unharmed, and nothing left running.

Of what has to run one in three is tried, and in a long run all.

What is taken of each is in `test_taking`, and what a sandbox allows in `test_sandbox`; here is the class.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass, field

import pytest

from pytest_tinytorch.grade import archives
from pytest_tinytorch.grade.course import MEGABYTE
from tests.grade.classes import MARK, SOLVED, hand_in, needed_sandbox, processes, tarred, zipped
from tests.grade.test_grading import table
from tests.support import kit, toy
from tests.support.long import one_in

PACKED = {f"tinytorch/{name}.py": text.encode() for name, text in SOLVED.items()}
LIMITS = "[limits]\nwall = 20\nwritten = 4\nscratch = 8\nprocesses = 24\n"
SECONDS = "2"
"""Of CPU time, and of waiting, that a spec may use."""
FILLS = "for n in range(10**6):\n    open(f'{PLACE}/{n}', 'wb', 0).write(bytes(2**20))\n"


@dataclass(frozen=True)
class Running:
    """A submission that does something when 03 is imported.

    Attributes:
        code: what it does.
        points: what it is worth all the same; 01, 02 and 1901 are right.
        says: what its row, or the student's feedback, says.
        files: other modules than those of the solution.
    """

    code: str
    points: str = "3"
    says: str = ""
    files: dict[str, str | bytes] = field(default_factory=dict)


RUNNING = {
    "fills the disk": Running(FILLS.replace("{PLACE}", "/tmp"), says="No space left on device"),
    "fills the memory of the machine": Running(
        FILLS.replace("{PLACE}", "/dev/shm"), says="No space left on device"
    ),
    "fills the place of results": Running(FILLS.replace("{PLACE}", "/out"), "0", "no results"),
    "writes 10 GB": Running(
        "with open('/tmp/large', 'wb', 0) as file:\n"
        "    for _ in range(10 * 2**10):\n        file.write(bytes(2**20))\n",
        says="File too large",
    ),
    "prints without end": Running("while True:\n    print('x' * 2**20)\n"),
    "wants all memory": Running("kept = bytearray(2**40)\n", says="MemoryError"),
    "forks endlessly": Running(
        "import os, time\n"
        "while True:\n"
        "    try:\n        os.fork()\n"
        "    except OSError:\n        time.sleep(0.01)\n"
    ),
    "starts programs endlessly": Running(
        "import subprocess\nwhile True:\n    subprocess.Popen(['sleep', '1000'])\n",
        says="Resource temporarily unavailable",
    ),
    "listens on a port": Running(
        "import socket\nkept = socket.create_server(('', @PORT@))\n", points="5"
    ),
    "listens on the same port": Running(
        "import socket\nkept = socket.create_server(('', @PORT@))\n", points="5"
    ),
    "never ends": Running("while True:\n    pass\n", says="is there a loop that never ends"),
    "waits without end": Running("import time\ntime.sleep(10**6)\n", says="waited"),
    "not UTF-8": Running("", "3", "utf-8", {"squaring": b"NAME = '\xff\xfe'\n"}),
    "a zero in its source": Running("", "3", "null byte", {"squaring": b"x = 1\0\n"}),
    "陈伟": Running("", "5"),
    "علي 🙂": Running("", "5"),
}
"""The name of a submission to what it does."""
CHOSEN = one_in(3, [*RUNNING])
REFUSED = {
    "empty": "no folder tinytorch/",
    "bomb": "MB are packed in it",
    "fifty thousand": "more than 20,000 files",
    "leading out": "leads out of it: ../b.py",
    "no archive": "cannot be read",
    "twice (1)": "2 submissions are called twice",
    "twice (2)": "2 submissions are called twice",
}
"""The name of a submission to why it is not graded."""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.fixture(scope="module")
def port():
    return free_port()


@pytest.fixture(scope="module")
def graded(tmp_path_factory, port):
    """The folder of results of a class in which everybody but one hands in something bad."""
    needed_sandbox()
    folder = tmp_path_factory.mktemp("class")
    desk = folder / "desk"
    toy.build(folder / "kit")
    hand_in(desk / "neighbor", SOLVED)
    for name in CHOSEN:
        one = RUNNING[name]
        code = one.code.replace("@PORT@", str(port))
        hand_in(desk / name, {**SOLVED, "squaring": code + SOLVED["squaring"], **one.files})
    hand_in_refused(desk)
    (folder / "course.toml").write_text(LIMITS, encoding="utf-8")
    words = [desk, "--course", folder / "course.toml", "--out", folder / "out", "--jobs", "2"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(archives, "LARGEST_CONTENT", 30 * MEGABYTE)
        patch.chdir(folder / "kit")
        patch.setenv(MARK, str(os.getpid()))
        patch.setenv("PYTEST_TIMEOUT", SECONDS)
        kit.tito("grade", *map(str, words), "--env", MARK, "--env", "PYTEST_TIMEOUT")
    assert processes() == [], "something is left running"
    return folder / "out"


def hand_in_refused(desk):
    """Everything that is not graded."""
    (desk / "empty").mkdir()
    zipped(desk / "bomb.zip", {**PACKED, "zeros": bytes(31 * MEGABYTE)})
    tarred(desk / "fifty thousand.tar", dict.fromkeys(map(str, range(50_000)), b""))
    zipped(desk / "leading out.zip", {**PACKED, "../b.py": b""})
    (desk / "no archive.zip").write_bytes(b"PK\x03\x04 and no more")
    hand_in(desk / "twice", SOLVED)
    zipped(desk / "twice.zip", PACKED)


@pytest.fixture(scope="module")
def rows(graded):
    return table(graded)


def test_there_is_a_row_for_each_and_no_other(rows):
    assert {*rows} == {"neighbor", *CHOSEN, *REFUSED}


def test_who_handed_in_something_good_is_unharmed(rows):
    row = rows["neighbor"]
    assert (row["ending"], row["points"], row["flags"]) == ("graded", "5", "")


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_submission_is_refused_and_its_row_says_why(name, rows):
    assert (rows[name]["ending"], rows[name]["points"]) == ("refused", "0")
    assert REFUSED[name] in rows[name]["flags"]


@pytest.mark.parametrize("name", CHOSEN)
def test_what_does_harm_is_ended_and_its_honest_part_counts(name, rows, graded):
    one, row = RUNNING[name], rows[name]
    assert row["points"] == one.points, row
    assert row["ending"] == ("graded" if one.points != "0" else "ended")
    told = (graded / "submissions" / name / "feedback.md").read_text(encoding="utf-8")
    assert one.says in row["flags"] + told


def test_nobody_listens_any_more(graded, port):
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
