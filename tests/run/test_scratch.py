"""Folders for a while: they go, whatever happens to the program that made them, and no other does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from pytest_tinytorch.run import scratch
from pytest_tinytorch.run.scratch import scratch_folder
from tests.support import toy
from tests.support.warm import learners_environment

PATIENCE = 120
"""Seconds after which a test is sure that nothing will come; nothing is measured with it."""
HOLDS = """
from pytest_tinytorch.run.scratch import scratch_folder
with scratch_folder() as folder:
    (folder / "left").touch()
    print(folder, flush=True)
    input()
"""
ENDLESS = toy.REFERENCE["adding"].replace("return x + y", "while True:\n        pass")


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Where programs make such folders, and nobody else does."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.setenv(name, str(place))
    return place


@pytest.fixture
def holder(place):
    """A program that holds a folder."""
    held = subprocess.Popen(
        [sys.executable, "-c", HOLDS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    yield held, Path(held.stdout.readline().strip())
    held.kill()
    held.communicate()


def made_long_ago(folder):
    """Nobody can be about to lock it."""
    os.utime(folder, (0, 0))


def test_goes_at_the_end(place):
    with scratch_folder() as folder:
        (folder / "file").touch()
        assert [*place.iterdir()] == [folder]
    assert [*place.iterdir()] == []


def test_of_a_program_that_is_killed_goes_with_the_next(place, holder):
    program, folder = holder
    program.kill()
    program.wait()
    assert (folder / "left").is_file()
    with scratch_folder() as young:
        assert folder.is_dir(), "it could be one that is being made"
        assert young.is_dir()
    made_long_ago(folder)
    with scratch_folder():
        assert not folder.exists()


def test_of_a_program_that_is_killed_before_it_locks_it_goes_too(place):
    folder = place / f"{scratch.PREFIX}new"
    folder.mkdir()
    with scratch_folder():
        assert folder.is_dir(), "it could be one that is being made"
    made_long_ago(folder)
    with scratch_folder():
        assert not folder.exists()


def test_of_a_program_that_is_alive_stays(place, holder):
    _, folder = holder
    made_long_ago(folder)
    with scratch_folder():
        assert (folder / "left").is_file()


def test_nothing_of_anybody_else_goes(place, tmp_path, monkeypatch):
    toy.write(tmp_path, {"elsewhere/owner": "", "temporary/tinytorch-mine/file": ""})
    (place / "tinytorch-link").symlink_to(tmp_path / "elsewhere")
    (place / "tinytorch-file").touch()
    toy.write(place, {"tinytorch-theirs/owner": ""})
    for one in place.iterdir():
        os.utime(one, (0, 0), follow_symlinks=False)
    monkeypatch.setattr(os, "getuid", lambda: -2, raising=False)
    scratch.remove_left()
    assert (place / "tinytorch-theirs").is_dir()
    monkeypatch.undo()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    scratch.remove_left()
    assert sorted(one.name for one in place.iterdir()) == [
        "tinytorch-file",
        "tinytorch-link",
        "tinytorch-mine",
    ]
    assert (tmp_path / "elsewhere" / "owner").is_file()


def wait_for_workers(group):
    """Until none of a killed group is left that could write; not for ever, as nobody may reap them."""
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)


@pytest.mark.skipif(sys.platform == "win32", reason="a process is ended otherwise there")
def test_a_run_with_workers_that_is_killed_leaves_nothing_for_long(place, tmp_path):
    root = toy.build(tmp_path / "here")
    toy.write(root, {"tinytorch/adding.py": ENDLESS})
    command = [sys.executable, "-m", "pytest", "-p", "tinytorch", "-n", "2", "-q"]
    environment = learners_environment() | {"TMPDIR": str(place)}
    left = lambda: [*place.glob(f"{scratch.PREFIX}*")]
    quiet = dict.fromkeys(("stdout", "stderr"), subprocess.DEVNULL)
    run = subprocess.Popen(command, cwd=root, env=environment, start_new_session=True, **quiet)
    for _ in range(PATIENCE * 20):
        if left():
            break
        time.sleep(0.05)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    wait_for_workers(run.pid)
    (folder,) = left()
    made_long_ago(folder)
    toy.solve(root, "adding")
    assert (
        subprocess.run(
            [*command, "--checkpoint", "01"], cwd=root, env=environment, check=False, **quiet
        ).returncode
        == 0
    )
    assert left() == [], [*folder.rglob("*")]
