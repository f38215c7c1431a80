"""Attempts to forge a grade: each is worth no more than honest work. One runs, and in a long run all."""

from __future__ import annotations

import json
import os

import pytest

from tests.grade.classes import MARK, SOLVED, hand_in, needed_sandbox, processes
from tests.grade.test_grading import table
from tests.support import kit, toy
from tests.support.long import one_in

WRONG = "\n\ndef square(x):\n    return 1\n"
UNIT = {"state": "passed", "groups": [], "specs": {}}
IDS = [f"checkpoint-0{n}" for n in range(4)] + ["milestone-01", "milestone-02"]
FORGED = json.dumps(
    {"schema": 1, "granting": True, "units": dict.fromkeys(IDS, UNIT), "tasks": [], "warnings": []}
)
FORGE = (
    f"import os, signal, sys, threading, time\nTEXT = {FORGED!r}\n\n\n"
    "def forge(name='progress.json'):\n"
    "    with open('/out/' + name, 'w') as file:\n        file.write(TEXT)\n\n\n"
)
HONEST, NOTHING = ("graded", "3"), ("ended", "0")
"""What the honest part of each submission is worth, and what a run that did not finish is."""
ATTEMPTS = {
    "results, and no judge": ("forge()\nos.kill(os.getppid(), signal.SIGKILL)\n", NOTHING),
    "a handler at the end": ("import atexit\natexit.register(forge)\n", HONEST),
    "a child that stays": (
        "if os.fork() == 0:\n    os.setsid()\n    while True:\n        forge()\n        time.sleep(0.005)\n",
        HONEST,
    ),
    "an exit": ("forge()\nos._exit(0)\n", HONEST),
    "an exit of pytest": ("import pytest\nforge()\npytest.exit('done', 0)\n", HONEST),
    "a thread": (
        "def again():\n    while True:\n        forge()\n        time.sleep(0.005)\n\n\n"
        "threading.Thread(target=again, daemon=True).start()\n",
        HONEST,
    ),
    "another spec": (
        "try:\n    open('/kit/specs/test_03_squaring.py', 'w').write('')\nexcept OSError:\n    forge()\n",
        HONEST,
    ),
    "a link": ("forge('forged')\nos.symlink('/out/forged', '/out/progress.json')\n", HONEST),
    "no place for results": ("os.mkdir('/out/progress.json')\nforge('progress.json/x')\n", NOTHING),
    "a stopped judge": ("forge()\nos.kill(os.getppid(), signal.SIGSTOP)\n", None),
    "signals to all": ("forge()\nos.kill(-1, signal.SIGKILL)\n", None),
    "a judge without files": (
        "import resource\nforge()\nresource.prlimit(os.getppid(), resource.RLIMIT_FSIZE, (0, 0))\n",
        NOTHING,
    ),
    "the memory and the files of the judge": (
        "judge = f'/proc/{os.getppid()}'\n"
        "try:\n    open(f'{judge}/mem', 'r+b')\n    os.kill(os.getppid(), signal.SIGKILL)\n"
        "except OSError:\n    forge()\n"
        "try:\n    os.listdir(f'{judge}/fd')\n    os.kill(os.getppid(), signal.SIGKILL)\n"
        "except OSError:\n    forge()\n",
        HONEST,
    ),
    "an answer in its place": (
        "import json\nfiles = {'progress.json': TEXT}\nsaid = json.dumps({'code': 0, 'files': files})\n"
        "for process in os.listdir('/proc'):\n    try:\n"
        "        open(f'/proc/{process}/fd/1', 'w').write(said)\n    except OSError:\n        pass\n"
        "os.kill(-1, signal.SIGKILL)\n",
        None,
    ),
}
"""What a submission does when it is imported, and what it is worth; None where that is chance."""


def test_are_worth_no_more_than_honest_work(tmp_path, monkeypatch):
    needed_sandbox()
    toy.build(tmp_path / "kit")
    (tmp_path / "course.toml").write_text("[limits]\nwall = 3\nwritten = 8\n", encoding="utf-8")
    chosen = one_in(12, [*ATTEMPTS])
    for name in chosen:
        squaring = FORGE + ATTEMPTS[name][0] + WRONG
        hand_in(tmp_path / "desk" / name, {**SOLVED, "squaring": squaring})
    monkeypatch.chdir(tmp_path / "kit")
    monkeypatch.setenv(MARK, str(os.getpid()))
    words = [tmp_path / "desk", "--course", tmp_path / "course.toml", "--out", tmp_path / "out"]
    said = kit.tito("grade", *map(str, words), "--env", MARK, "--jobs", "2", code=None)
    rows = table(tmp_path / "out")
    assert {*rows} == {*chosen}, said
    for name, row in rows.items():
        worth = ATTEMPTS[name][1]
        assert float(row["points"]) <= 3, name
        if worth is not None:
            assert (row["ending"], row["points"]) == worth, (name, row["flags"])
    assert processes() == []


def test_a_forged_result_would_count_if_nothing_were_in_its_way():
    """So that the attempts above try what they say."""
    from pytest_tinytorch.grade.grades import read_result

    assert {unit.state for unit in read_result(FORGED).units.values()} == {"passed"}
    with pytest.raises(SyntaxError):
        compile(FORGE + "if", "forge", "exec")
    for code, _ in ATTEMPTS.values():
        compile(FORGE + code + WRONG, "forge", "exec")
