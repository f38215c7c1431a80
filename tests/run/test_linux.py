"""What a process that judges keeps from others of its user."""

from __future__ import annotations

import subprocess
import sys
import tempfile

import pytest

from pytest_tinytorch.run import linux, workers

TRY = """
import codecs, os, sys
from pytest_tinytorch.run import linux
codecs.lookup("ascii")  # another user may not see it
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65_534)
    os.setuid(65_534)
linux._prctl(linux.PR_SET_DUMPABLE, 1)  # root that becomes another user is private already
if sys.argv[1] == "private":
    linux.keep_private()
if (child := os.fork()) == 0:
    for name in ("mem", "fd/0"):
        try:
            open(f"/proc/{os.getppid()}/{name}", "rb").close()
            print("open", end=" ")
        except OSError:
            print("closed", end=" ")
    print(linux.usage_of(os.getppid()) is not None, flush=True)
    os._exit(0)
os.waitpid(child, 0)
"""


@pytest.mark.skipif(not linux.is_here(), reason="only Linux has /proc")
@pytest.mark.parametrize(
    ("how", "said"), [("private", "closed closed True"), ("open", "open open True")]
)
def test_a_private_process_lets_no_other_of_its_user_in(how, said):
    words = [sys.executable, "-c", TRY, how]
    done = subprocess.run(
        words, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL
    )
    if how == "open" and done.stdout.split()[0] == "closed":
        pytest.skip("this machine lets no process open the memory of another")
    assert done.stdout.strip() == said


@pytest.mark.skipif(not linux.is_here(), reason="only Linux has /proc")
def test_a_process_is_asked_where_it_is_only_if_that_does_not_end_it():
    """Code under test may have taken the signal."""
    waits = [sys.executable, "-c", "input()"]
    with (
        tempfile.TemporaryFile("w+") as places,
        subprocess.Popen(waits, stdin=subprocess.PIPE, text=True) as process,
    ):
        asked = workers.Worker(process.pid, -1, None, places, [])
        assert not linux.catches(process.pid, workers.DUMP)
        assert not asked.tell_place(1.0)
        process.communicate("\n")
        assert process.returncode == 0
        assert not linux.catches(process.pid, workers.DUMP), "it is gone"
