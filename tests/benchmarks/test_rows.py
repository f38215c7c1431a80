"""The table of rows, without PyTorch: our side of each can be run."""

from __future__ import annotations

import subprocess
import sys

import pytest

from benchmarks import alone
from tests.support import kit

EACH = """
from benchmarks import settings
settings.set_up(settings.REFERENCE, 1)
from benchmarks import rows
for row in rows.ROWS:
    row.ours()()
    print(row.name, row.title, sep=": ")
"""

FLOORS = """
import numpy as np
from benchmarks import settings
settings.set_up(settings.REFERENCE, 1)
from benchmarks import floors, rows
for name, floor in floors.FLOORS.items():
    found, expected = floor.work()(), rows.row(name).ours()()
    if found is not None:
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)
    print(name, found is not None, floor.calls, floor.missing, sep=": ")
"""

WITHOUT = """
import sys
sys.modules["torch"] = None
from benchmarks.__main__ import main
sys.exit(main([]))
"""

SMALL = """
from benchmarks import settings
settings.set_up(settings.REFERENCE, 1)
from benchmarks import growth
for one in growth.growths():
    assert list(one.sizes) == sorted(set(one.sizes)), one.name
    one.make(one.sizes[0])()
    print(one.name)
"""


def python(*arguments):
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=kit.ROOT, capture_output=True, text=True, encoding="utf-8", timeout=300
    )


def test_our_side_of_each_row_runs():
    run = python("-c", EACH)
    assert run.returncode == 0, run.stderr
    listed = python("-m", "benchmarks", "--list").stdout.split()
    told = [line.partition(": ") for line in run.stdout.splitlines()]
    more = [*alone.TITLES, "loop-first", "loop-full", "loop-line"]
    assert [name for name, _, _ in told] + more == listed
    assert {alone.row_of(name) for name in alone.TITLES} <= set(listed)
    assert len(set(listed)) == len(listed) > 20
    assert len({title for _, _, title in told}) == len(told)


def test_a_floor_computes_what_its_row_does():
    """That of the GPT, which has no result, does only a part of it."""
    run = python("-c", FLOORS)
    assert run.returncode == 0, run.stderr
    told = [line.split(": ") for line in run.stdout.splitlines()]
    assert len(told) >= 8
    assert [name for name, compared, *_ in told if compared == "False"] == ["gpt-step"]
    assert all(calls and missing for _, _, calls, missing in told)


def test_a_process_of_one_side_says_how_long_each_call_took():
    with alone.asked("mlp-sgd", "ours", "--keep") as ask:
        assert min(ask(), ask()) > 0


NUMPYS_THREADS = """
from benchmarks import settings
settings.set_up(settings.REFERENCE, 2)
import numpy as np
from threadpoolctl import threadpool_info
from benchmarks import rows
def threads():
    found = [one for one in threadpool_info() if one["user_api"] == "blas" and "numpy" in one["filepath"]]
    return found[0]["num_threads"] if found else None
for row in rows.ROWS:
    with settings.numpy_threads(row.numpy_threads(settings.threads())):
        print(row.name, threads())
print("after", threads())
"""


def test_numpy_multiplies_in_one_thread_where_a_batch_is_divided():
    pytest.importorskip("threadpoolctl")
    run = python("-c", NUMPYS_THREADS)
    assert run.returncode == 0, run.stderr
    found = dict(line.split() for line in run.stdout.splitlines())
    if found["after"] == "None":
        pytest.skip("NumPy has no BLAS library here that threadpoolctl knows")
    divided = {"cnn-step", "gpt-step", "cnn-inference", "after"}
    assert {name for name, threads in found.items() if threads == "1"} == divided


def test_a_process_that_ends_is_an_error_that_shows_the_command():
    with (
        alone.asked("no-such-row", "ours") as ask,
        pytest.raises(RuntimeError, match=r"benchmarks\.alone no-such-row ours ended with 1"),
    ):
        ask()


def test_without_torch_one_line_says_what_to_install():
    run = python("-c", WITHOUT)
    assert run.returncode == 2
    assert run.stdout == ""
    assert run.stderr.count("\n") == 1
    assert 'pip install -e ".[bench]"' in run.stderr


def test_cpu_times_are_for_one_thread():
    run = python("-m", "benchmarks", "--cpu", "--threads", "2")
    assert (run.returncode, run.stdout, run.stderr.count("\n")) == (2, "", 1)
    assert "--cpu is for one thread" in run.stderr


def test_the_smallest_of_each_kind_of_growth_runs():
    run = python("-c", SMALL)
    assert run.returncode == 0, run.stderr
    assert len(set(run.stdout.split())) == len(run.stdout.split()) >= 10
