"""The warm server gives what a new process gives, and survives whatever its forks do."""

from __future__ import annotations

import json
import re
import subprocess
import time
from pathlib import Path

import pytest

from tests.support import toy, warm

pytestmark = pytest.mark.skipif(not warm.possible(), reason="forks only on Linux")

DEATHS = {
    "exit": ("os._exit(3)", 3),
    "kill": ("os.kill(os.getpid(), signal.SIGKILL)", -9),
    "abort": ("os.abort()", -6),
}


@pytest.fixture(scope="module")
def server():
    found = warm.Server(warm.learners_environment())
    yield found
    assert found.close() == 0


@pytest.fixture
def run(server, tmp_path):
    """Runs one test with a body of these lines in a folder of its own."""

    def given(*lines, timeout=60, **variables):
        body = "".join(f"    {line}\n" for line in lines)
        text = f"import json, os, signal, subprocess, sys\n\n\ndef test_x():\n{body}"
        toy.write(tmp_path, {"test_x.py": text})
        environment = warm.learners_environment() | variables
        return server.run(["-p", "no:cacheprovider", "-s"], tmp_path, environment, timeout)

    return given


def is_alive(number):
    """Whether a process runs; one that has ended but that nobody asked about does not."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def ends_soon(number):
    end = time.monotonic() + 10
    while is_alive(number) and time.monotonic() < end:
        time.sleep(0.02)
    return not is_alive(number)


def comparable(text):
    """An output without what differs between any two runs: times, what they lengthen, addresses."""
    for pattern, constant in ((r"in \d+\.\d+s", "in X s"), (r"=+", "="), (r"0x[0-9a-f]+", "0x")):
        text = re.sub(pattern, constant, text)
    return text


@pytest.mark.parametrize(
    "arguments",
    [(), ("--checkpoint=01", "--hints=2"), ("-v", "-rA"), ("--nothing",), ("--timeline",)],
    ids=str,
)
def test_gives_what_a_new_process_gives(tmp_path, arguments):
    workspace = toy.build(tmp_path)
    toy.solve(workspace, "doubling", "squaring")
    text = toy.REFERENCE["adding"].replace("x + y", "x - y")
    toy.write(workspace, {"tinytorch/adding.py": text})
    found = []
    for cold in (True, False):
        ledger = f"--ledger={tmp_path / str(cold)}"
        done = toy.pytest_in(
            workspace, "-W", "error::pytest.PytestWarning", ledger, *arguments, cold=cold
        )
        for entry in done.json.get("units", {}).values():
            entry["proved_at"] = entry["proved_at"] is not None  # the second differs
        found.append((done.code, comparable(done.output), done.json))
    assert found[0] == found[1]


def test_a_run_starts_without_anything_of_ours(run, tmp_path):
    run("open('modules', 'w').write(' '.join(sys.modules))")
    loaded = {name.partition(".")[0] for name in (tmp_path / "modules").read_text().split()}
    assert {"numpy", "hypothesis", "test_x"} <= loaded
    assert not loaded & {"tinytorch", "specs", "tests", "reference", "warm", "warm_server"}


def test_a_run_has_its_own_folder_and_environment(run, tmp_path):
    run(
        "from hypothesis.configuration import storage_directory",
        "place = str(storage_directory('x').path)",
        "said = [os.getcwd(), place, sys.stdin.read(), os.getsid(0) == os.getpid()]",
        "said += [sorted(os.environ), '/elsewhere' in sys.path]",
        "json.dump(said, open('said', 'w'))",
        PYTHONPATH="/elsewhere",
    )
    folder, place, read, leads, variables, on_path = json.loads((tmp_path / "said").read_text())
    assert Path(folder) == tmp_path.resolve() == Path(place).parents[1]
    assert (read, leads, on_path) == ("", True, True)
    given = {*warm.learners_environment(), "PYTHONPATH"}
    assert {*variables} ^ given <= {"PYTEST_VERSION"}


@pytest.mark.parametrize("death", DEATHS)
def test_a_run_that_dies_leaves_the_server_alive(run, death):
    line, code = DEATHS[death]
    assert run(line).returncode == code
    assert run("print('said 1')").returncode == 0


@pytest.mark.parametrize("endless", [False, True])
def test_no_process_outlives_its_run(run, tmp_path, endless):
    lines = [
        "child = subprocess.Popen(['sleep', '60'])",
        "open('numbers', 'w').write(f'{os.getpid()} {child.pid}')",
    ]
    if endless:
        with pytest.raises(subprocess.TimeoutExpired):
            run(*lines, "while True: pass", timeout=3)
    else:
        assert run(*lines).returncode == 0
    assert all(ends_soon(int(number)) for number in (tmp_path / "numbers").read_text().split())
    assert run("print('said 1')").returncode == 0


def test_the_server_ends_with_the_one_who_asks_and_so_does_a_run(tmp_path):
    server = warm.Server(warm.learners_environment())
    text = "import os\n\ndef test_x():\n    open('number', 'w').write(f'{os.getpid()}\\n')\n"
    toy.write(tmp_path, {"test_x.py": text + "    while True: pass\n", "out": ""})
    request = {"arguments": [], "folder": str(tmp_path), "seconds": 600}
    request |= {"environment": warm.learners_environment()}
    request |= {"stdout": str(tmp_path / "out"), "stderr": str(tmp_path / "out")}
    print(json.dumps(request), file=server.process.stdin, flush=True)
    number = tmp_path / "number"
    while not (number.exists() and number.read_text().endswith("\n")):
        time.sleep(0.02)
        assert server.process.poll() is None
    assert server.close() == 0
    assert ends_soon(int(number.read_text()))
