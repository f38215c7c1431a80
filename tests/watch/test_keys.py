"""What `tito watch` does to the terminal: keys are its own until q, and not one more."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest

from pytest_tinytorch.tito import watch
from pytest_tinytorch.tito.session import open_session
from pytest_tinytorch.watch import keys
from tests.support import toy
from tests.support.warm import learners_environment

PATIENCE = 120
"""Seconds after which a test is sure that nothing will come; nothing is measured with it."""


@pytest.fixture
def root(tmp_path):
    return toy.build(tmp_path.resolve())


def read_all(typed, monkeypatch, last):
    """The keys that are read of some that were typed, and what is left of these."""
    left = list(typed)
    monkeypatch.setattr(keys, "read", lambda: left.pop(0) if left else "")
    found = []
    keys.each(lambda key: found.append(key) is None and key != last)
    return "".join(found), "".join(left)


def test_no_key_is_read_after_the_last_one(monkeypatch):
    assert read_all("anqls\n", monkeypatch, "q") == ("anq", "ls\n")
    assert read_all("an", monkeypatch, "q") == ("an", "")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such terminal")
def test_what_is_typed_after_q_is_for_the_shell(root):
    import pty
    import termios

    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    command = [sys.executable, "-m", "pytest_tinytorch.tito", "watch"]
    process = subprocess.Popen(
        command, cwd=root, env=learners_environment(), stdin=theirs, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout.readline()  # it has begun, so it reads keys
        os.write(ours, b"qls\n")
        assert process.wait(PATIENCE) == 0
        assert termios.tcgetattr(theirs) == before
        os.set_blocking(theirs, False)
        assert os.read(theirs, 10) == b"ls\n"
    finally:
        process.kill()
        process.wait()
        os.close(ours)
        os.close(theirs)


def test_the_terminal_is_given_back_before_anything_else_ends(root, monkeypatch):
    told = []

    @contextmanager
    def single():
        yield
        told.append("terminal")

    class Fake:
        def __init__(self, *_):
            pass

        def run(self, _):
            pass

        def close(self):
            told.append("processes")

    monkeypatch.chdir(root)
    monkeypatch.setattr(keys, "single", single)
    monkeypatch.setattr(keys, "read", lambda: "q")
    monkeypatch.setattr(watch.processes, "Spare", Fake)
    before = signal.getsignal(signal.SIGINT)
    try:
        watch.Watch(open_session(), None, (), watch.Lines(), forks=False).run()
    finally:
        signal.signal(signal.SIGINT, before)
    assert told == ["terminal", "processes"]
