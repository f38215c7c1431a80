"""One process runs specs for all programs that watch a workspace, and none of them can harm another."""

from __future__ import annotations

import json
import os
import queue
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from pytest_tinytorch.evidence import ledger
from pytest_tinytorch.run import linux
from pytest_tinytorch.watch import sharing
from pytest_tinytorch.watch.clients import Client
from pytest_tinytorch.watch.processes import Forking, may_fork
from pytest_tinytorch.watch.request import ENDED, FIRST, FULL, Request, Setup
from tests.support import toy
from tests.watch.test_watch import ENDLESS, PATIENCE, RIGHT, WRONG, ask, processes_in

pytestmark = pytest.mark.skipif(not may_fork(), reason="each program has processes of its own here")
SLOW = f"import time\n\ntime.sleep(3)\n\n\n{RIGHT}"


@pytest.fixture
def root(tmp_path):
    """A toy workspace whose first module is right."""
    root = toy.build(tmp_path.resolve())
    toy.solve(root, "adding")
    return root


@contextmanager
def member(root, **more):
    """A program that watches a workspace: its processes, and what they tell."""
    told = queue.SimpleQueue()
    one = Forking(Setup(root, "learn", **more), told.put)
    try:
        yield one, told
    finally:
        one.close()


def warm_in(root):
    """The processes that fork runs, without the runs."""
    found = {}
    for process in processes_in(root):
        with suppress(OSError):
            words = Path("/proc", process, "cmdline").read_bytes()
            status = Path("/proc", process, "status").read_text(encoding="utf-8")
            if b"watch.server" in words:
                found[process] = status.partition("PPid:")[2].split()[0]
    return sorted(int(process) for process, parent in found.items() if parent not in found)


def until(holds):
    """Wait until something is so."""
    for _ in range(PATIENCE * 20):
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError("it has never been so")


def write(root, text, name="adding"):
    (root / "tinytorch" / f"{name}.py").write_text(text, encoding="utf-8")


class TestOneProcess:
    def test_runs_specs_for_all_and_ends_with_the_last(self, root):
        with member(root) as (one, told):
            with member(root) as (other, heard):
                assert ask(one, told, 1)[-1]["verdict"] == "passed"
                assert ask(other, heard, 1)[-1]["verdict"] == "passed"
                (first,) = warm_in(root)
                one.close()  # who has started it goes
                assert ask(other, heard, 2)[-1]["verdict"] == "passed"
                assert warm_in(root) == [first]
            until(lambda: processes_in(root) == [])

    def test_is_started_once_however_many_begin_at_the_same_time(self, root):
        begin = lambda told: Forking(Setup(root, "learn"), told.put)
        with ThreadPoolExecutor(4) as threads:
            made = [*threads.map(begin, [queue.SimpleQueue() for _ in range(4)])]
        until(lambda: warm_in(root))
        assert len(warm_in(root)) == 1
        for one in made:
            one.close()
        until(lambda: processes_in(root) == [])

    def test_ends_the_run_of_who_asks_for_another_and_no_other(self, root):
        with member(root) as (one, told), member(root) as (other, heard):
            ask(other, heard, 1, focus="02")
            (warm,) = warm_in(root)
            until(lambda: not linux.children_of(warm))
            one.run(Request(1, focus="01", saved=["adding"], unsaved={"adding.py": ENDLESS}))
            until(lambda: linux.children_of(warm))
            (run,) = linux.children_of(warm)
            for number in (2, 3):
                assert ask(other, heard, number)[-1]["verdict"] == "passed"
            assert run in linux.children_of(warm), "it goes on"
            found = ask(one, told, 2, saved=["adding"], unsaved={"adding.py": WRONG})
            assert found[-1]["verdict"] == "wrong"
            assert len(warm_in(root)) == 1

    def test_has_drawn_examples_for_all(self, root):
        with member(root) as (one, told), member(root) as (other, heard):
            for number in range(1, 100):
                one.draw(["specs/test_01_adding.py"])
                time.sleep(0.3)
                found = ask(other, heard, number, saved=["adding"])
                if found[0]["beat"] == FIRST:
                    break
            assert found[0]["beat"] == FIRST
            assert told.empty()

    def test_gives_way_for_all_to_one_that_has_imported_what_was_saved(self, root):
        with member(root) as (one, told), member(root) as (other, heard):
            ask(one, told, 1)
            (first,) = warm_in(root)
            specs = root / "specs" / "test_01_adding.py"
            text = specs.read_text(encoding="utf-8")
            specs.write_text(text.replace("negate(3) == -3", "negate(3) == 4"), encoding="utf-8")
            for program, hears in ((one, told), (other, heard)):
                program.restart()
                assert ask(program, hears, 2)[-1]["verdict"] == "wrong"
            (second,) = warm_in(root)
            assert second != first

    def test_that_is_killed_is_replaced_and_asked_again(self, root):
        write(root, SLOW)
        with member(root) as (one, told), member(root) as (other, heard):
            ask(other, heard, 1, focus="02")
            (first,) = warm_in(root)
            one.run(Request(1, focus="01", saved=["adding"]))
            time.sleep(0.5)
            os.kill(first, signal.SIGKILL)
            while (message := told.get(timeout=PATIENCE))["beat"] != FULL:
                pass
            assert message["verdict"] == "passed"
            assert ask(other, heard, 2)[-1]["verdict"] == "passed"
            assert len(warm_in(root)) == 1

    def test_that_cannot_start_says_why(self, root):
        toy.write(root, {"hypothesis.py": "x = 1\n"})
        with member(root) as (one, told):
            one.run(Request(1))
            message = told.get(timeout=PATIENCE)
            assert (message["number"], message["beat"]) == (1, ENDED)
            assert "hypothesis.py hides the package hypothesis" in message["text"]

    def test_runs_of_one_that_is_killed_end_with_it(self, root):
        with member(root) as (one, told):
            ask(one, told, 1, focus="02")
            write(root, ENDLESS)
            one.run(Request(2, focus="01", saved=["adding"]))
            until(lambda: len(processes_in(root)) > 2)
            one.asked = None  # nothing is asked again
            os.kill(*warm_in(root), signal.SIGKILL)
            until(lambda: processes_in(root) == [])


class TestNames:
    def name(self, root, **more):
        return sharing.address_of(Setup(root, **{"profile": "learn"} | more))

    def test_are_the_same_for_programs_that_would_start_the_same(self, root, monkeypatch):
        before = self.name(root)
        assert before.startswith(b"\0tinytorch-")
        monkeypatch.setenv("TERM", "dumb")
        write(root, WRONG)
        toy.write(root, {"notes.md": "none\n", ".tinytorch/ledger.jsonl": ""})
        assert self.name(root) == before

    @pytest.mark.parametrize("more", [{"profile": "ci"}, {"arguments": ("--borrow=01",)}])
    def test_tell_what_a_process_is_started_with(self, root, more):
        assert self.name(root, **more) != self.name(root)

    @pytest.mark.parametrize("variable", ["PYTHONPATH", "PYTEST_ADDOPTS", "CI", "LC_ALL"])
    def test_tell_the_environment(self, root, monkeypatch, variable):
        before = self.name(root)
        monkeypatch.setenv(variable, "another")
        assert self.name(root) != before

    @pytest.mark.parametrize("file", ["specs/test_01_adding.py", "specs/new.py", "conftest.py"])
    def test_tell_when_something_imported_was_saved_even_if_it_looks_old(self, root, file):
        place = root / file
        data, status = (place.read_bytes(), place.stat()) if place.exists() else (b"", None)
        before = self.name(root)
        time.sleep(0.05)  # clocks of file systems are not fine
        place.write_bytes(data)
        if status:
            os.utime(place, ns=(status.st_atime_ns, status.st_mtime_ns))
        assert self.name(root) != before

    def test_tell_workspaces_apart(self, root, tmp_path_factory):
        other = toy.build(tmp_path_factory.mktemp("other").resolve())
        assert self.name(other) != self.name(root)
        assert sharing.address_of(Setup(root / "nowhere", "learn")) is None

    def test_are_taken_by_one_only(self, root):
        name = self.name(root)
        assert sharing.joined(name) is None
        with sharing.opened(name), sharing.joined(name):
            assert sharing.opened(name) is None

    def test_of_another_user_are_not_joined(self, root, monkeypatch):
        name = self.name(root)
        with sharing.opened(name):
            monkeypatch.setattr(os, "getuid", lambda: -2)
            assert sharing.joined(name) is None


FORGED = {"number": 1, "beat": FULL, "verdict": "passed", "text": "forged", "files": {}}
WRITES = f"""
import os, stat
for number in range(3, 64):
    try:
        if stat.S_ISSOCK(os.fstat(number).st_mode):
            os.write(number, {chr(10) + json.dumps(FORGED) + chr(10)!r}.encode())
    except OSError:
        pass
"""
"""Writes a verdict to whatever is open."""
CONNECTS = """
import json, pathlib, socket
try:
    open("tried", "x").close()
    lines = pathlib.Path("/proc/net/unix").read_text().splitlines()
except FileExistsError:
    lines = []
for line in lines:
    if "@tinytorch-" not in line:
        continue
    for asked in (
        {"do": "draw", "files": ["evil.py"]},
        {"do": "draw", "files": ["specs/../evil.py"]},
        {"do": "run", "request": {"number": 1, "arguments": ["-p", "evil"]}},
        {"do": "run", "request": {"number": 1, "saved": ["adding"], "unsaved": {"adding.py": RIGHT}}},
        {"do": "stop"},
        {"do": "leave"},
    ):
        with socket.socket(socket.AF_UNIX) as own:
            try:
                own.connect("\\0" + line.split("@")[1].strip())
                own.sendall(json.dumps(asked).encode() + b"\\n")
                own.settimeout(0.2)
                own.recv(100)
            except OSError:
                pass
"""
"""Asks every process that it finds for all that there is, once."""


NONSENSE = (
    *(b"hello", b"[]", b'{"do": "x"}', b'{"do": "run"}', b'{"do": "run", "request": {}}'),
    *(b'{"do": "draw", "files": ["evil.py"]}', b'{"do": "draw", "files": ["-p", "evil"]}'),
)


class TestCodeUnderTest:
    @pytest.mark.parametrize("tries", [WRITES, CONNECTS], ids=["writes", "connects"])
    def test_can_forge_no_verdict(self, root, tries):
        toy.write(root, {"evil.py": "open('evil', 'w').close()\n"})
        write(root, f"RIGHT = {RIGHT!r}\n{tries}\n{WRONG}")
        with member(root) as (one, told), member(root) as (other, heard):
            found = ask(one, told, 1, saved=["adding"]) + ask(other, heard, 1, saved=["adding"])
            assert "forged" not in str(found)
            assert {message.get("verdict") for message in found} == {"wrong"}
            assert ask(one, told, 2)[-1]["verdict"] == "wrong"
            assert len(warm_in(root)) == 1
        assert not (root / "evil").exists()
        assert (root / "tried").exists() == (tries == CONNECTS)
        events = ledger.read_ledger(root / ".tinytorch" / "ledger.jsonl").events
        assert {e.verdict for e in events if e.unit == "checkpoint-01"} == {"wrong"}

    def test_that_says_something_else_is_shown_out(self, root):
        with member(root) as (one, told):
            ask(one, told, 1)
            address = sharing.address_of(one.setup)
            for line in NONSENSE:
                with sharing.joined(address) as own:
                    own.sendall(line + b"\n")
                    own.settimeout(PATIENCE)
                    while own.recv(100):
                        pass
            assert ask(one, told, 2)[-1]["verdict"] == "passed"
            assert len(warm_in(root)) == 1


def test_who_reads_nothing_holds_up_nobody_and_is_let_go():
    own, its = socket.socketpair()
    with own, its:
        client = Client(own)
        for _ in range(10_000):
            client.send_at_once({"beat": ENDED, "text": "x" * 1000})
            if client.gone:
                break
        assert client.gone
