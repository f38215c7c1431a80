"""A run that waits for the next save: it judges what is there then, or gives way to one that begins anew."""

from __future__ import annotations

import os
import queue
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import ModuleType

import pytest

from pytest_tinytorch.evidence import importing, ledger
from pytest_tinytorch.evidence.following import Following, remember
from pytest_tinytorch.evidence.plan import Plan
from pytest_tinytorch.run import linux
from pytest_tinytorch.watch.processes import Forking, may_fork
from pytest_tinytorch.watch.request import FIRST, FULL, NOTHING, Request, Setup
from pytest_tinytorch.watch.standby import Order, Orders, runs_the_same
from tests.support import toy
from tests.watch.test_sharing import until, warm_in, write
from tests.watch.test_watch import ENDLESS, PATIENCE, RIGHT, UNFINISHED, WRONG, processes_in

pytestmark = pytest.mark.skipif(not may_fork(), reason="a run that waits is a fork")
SPEC = "specs/test_01_adding.py"
STUB = RIGHT.replace("return x + y", 'raise NotImplementedError("01 adding: add")')


@pytest.fixture
def root(tmp_path):
    """A toy workspace whose first module is right."""
    root = toy.build(tmp_path.resolve())
    toy.solve(root, "adding")
    return root


class Watching:
    """A program that watches a workspace, and the run that waits for it."""

    def __init__(self, root):
        self.root, self.told, self.number = root, queue.SimpleQueue(), 0
        self.processes = Forking(Setup(root, "learn"), self.told.put)

    def ask(self, **more):
        """What a run says at last, and which processes there were when it first said something."""
        self.number += 1
        asked = {"focus": "01", "saved": ["adding"], **more}
        self.processes.run(Request(self.number, **asked))
        ran = []
        while True:
            message = self.told.get(timeout=PATIENCE)
            if message.get("number") == self.number and message["beat"] in (FIRST, FULL, NOTHING):
                ran = ran or self.runs()
                if message["beat"] != FIRST:
                    return message, ran

    def prepare(self):
        """Let a run wait for the next save; the process, once it has nothing to do."""
        self.processes.draw([SPEC])
        until(lambda: any(map(waits, self.runs())))
        (run,) = self.runs()
        return run

    def runs(self):
        """The processes that the one that forks has for children."""
        (warm,) = warm_in(self.root)
        return sorted(linux.children_of(warm))


def state_of(process):
    """What the system says that a process does: R for running, S for waiting."""
    with suppress(OSError):
        text = Path("/proc", str(process), "stat").read_text(encoding="utf-8")
        return text.rpartition(")")[2].split()[0]
    return ""


def waits(process):
    """Whether a process has waited for a while."""
    return all(state_of(process) == "S" for _ in range(6) if time.sleep(0.05) is None)


@pytest.fixture
def watching(root):
    made = Watching(root)
    yield made
    made.processes.close()
    until(lambda: not processes_in(root))


class TestAWaitingRun:
    @pytest.mark.parametrize(
        ("text", "expected"), [(WRONG, "wrong"), (UNFINISHED, "broken"), (f"{RIGHT}\n", "passed")]
    )
    def test_judges_what_is_there_when_it_is_asked(self, root, watching, text, expected):
        watching.ask()
        run = watching.prepare()
        write(root, text)
        verdict, ran = watching.ask()
        assert verdict["verdict"] == expected, verdict["text"]
        assert ran == [run]

    def test_records_what_it_has_judged(self, root, watching):
        watching.ask()
        watching.prepare()
        write(root, WRONG)
        verdict, _ = watching.ask()
        (*_, last) = ledger.read_ledger(root / ".tinytorch" / "ledger.jsonl").events
        assert (str(last.verdict), last.source) == ("wrong", verdict["sources"]["checkpoint-01"])
        watching.prepare()
        write(root, RIGHT)
        assert watching.ask()[0]["states"]["checkpoint-01"] == "passed"

    def test_judges_what_stands_in_an_editor_and_keeps_nothing_of_it(self, root, watching):
        watching.ask()
        watching.prepare()
        before = (root / ".tinytorch" / "ledger.jsonl").read_bytes()
        verdict, _ = watching.ask(unsaved={"adding.py": WRONG})
        assert (verdict["verdict"], verdict["unsaved"]) == ("wrong", True)
        assert (root / ".tinytorch" / "ledger.jsonl").read_bytes() == before

    def test_of_what_never_ends_gives_way(self, root, watching):
        watching.ask()
        watching.prepare()
        write(root, ENDLESS)
        watching.processes.run(Request(90, saved=["adding"], focus="01"))
        time.sleep(0.5)
        write(root, RIGHT)
        assert watching.ask()[0]["verdict"] == "passed"

    @pytest.mark.parametrize("change", ["a spec", "a helper", "the settings", "what is borrowed"])
    def test_gives_way_if_anything_else_was_written(self, root, watching, change):
        """The one that takes its place knows what was written; this one would not."""
        helper, spec, options = root / "helper.py", root / SPEC, root / "pytest.ini"
        add = lambda file, text: file.write_text(f"{file.read_text('utf-8')}{text}", "utf-8")
        helper.write_text("", encoding="utf-8")
        add(spec, "\n\nimport helper\n")
        watching.ask()
        run = watching.prepare()
        if change == "what is borrowed":
            remember(root, Following(borrow="01"))
        elif change == "the settings":
            add(options, "tinytorch_borrow = 01\n")
        else:
            add({"a spec": spec, "a helper": helper}[change], "\n# more\n")
        verdict, ran = watching.ask()
        assert run not in ran
        assert (verdict["beat"] == NOTHING) is (change in ("the settings", "what is borrowed"))

    def test_gives_way_if_other_specs_are_to_run(self, root, watching):
        watching.ask(focus=None)
        watching.prepare()
        toy.solve(root, "doubling")
        verdict = watching.ask(focus=None, saved=["doubling"])[0]
        assert verdict["states"]["checkpoint-02"] == "passed"
        watching.prepare()
        write(root, STUB)
        assert watching.ask(focus=None)[0]["states"]["checkpoint-01"] == "todo"

    def test_that_is_gone_is_missed_by_nobody(self, root, watching):
        watching.ask()
        os.kill(watching.prepare(), signal.SIGKILL)
        write(root, WRONG)
        assert watching.ask()[0]["verdict"] == "wrong"

    def test_ends_with_who_it_waits_for(self, root, watching):
        watching.ask()
        run = watching.prepare()
        watching.processes.close()
        until(lambda: not Path("/proc", str(run)).exists())

    def test_ends_with_the_process_that_forked_it(self, root, watching):
        watching.ask()
        run = watching.prepare()
        (warm,) = warm_in(root)
        os.kill(warm, signal.SIGKILL)
        until(lambda: not Path("/proc", str(run)).exists())

    def test_takes_no_time_while_it_waits(self, watching):
        watching.ask()
        run = watching.prepare()
        before = linux.usage_of(run)
        time.sleep(1)
        assert linux.usage_of(run).cpu == before.cpu


class TestExamples:
    def test_are_not_for_a_second_run(self, root):
        """One that waits holds copies: it is told whether another run has had them."""
        first, second = Watching(root), Watching(root)
        try:
            first.ask(), second.ask()
            first.processes.draw([SPEC])
            until(lambda: len([run for run in first.runs() if waits(run)]) == 2)
            seen = root / "seen.txt"
            tells = f"    open({str(seen)!r}, 'a').write(f'{{x}} {{y}}\\n')\n    return x + y"
            tried = []
            for one in (first, second):
                write(root, RIGHT.replace("    return x + y", tells) + f"\nRUN = {len(tried)}\n")
                seen.write_text("", encoding="utf-8")
                assert one.ask()[0]["verdict"] == "passed"
                tried.append(seen.read_text(encoding="utf-8").splitlines())
            assert tried[0][:5] == tried[1][:5], "a first look may have them again"
            assert tried[0][5:] != tried[1][5:]
        finally:
            first.processes.close(), second.processes.close()


class TestOrders:
    def test_of_any_length_come_whole_and_nobody_waits_to_give_them(self):
        orders, order = Orders(), Order(Request(7, unsaved={"a.py": "x" * 10**6}), drawn=True)
        process = os.fork()
        if process == 0:
            orders.only_read()
            time.sleep(0.2)
            told = orders.wait()
            os._exit(told is None or told.request.unsaved != order.request.unsaved)
        orders.only_give()
        orders.give(order)
        assert os.waitpid(process, 0)[1] == 0

    def test_are_none_if_nobody_is_left_to_give_them(self):
        orders = Orders()
        orders.writing.close()
        assert orders.wait() is None


def test_a_plan_runs_the_same_whatever_else_is_proved():
    plan = Plan(frozenset({"a"}), frozenset({"a", "b"}), proved=frozenset({"c"}))
    assert runs_the_same(plan, Plan(plan.selected, plan.to_run))
    assert not runs_the_same(plan, Plan(plan.selected, plan.selected))
    assert not runs_the_same(plan, Plan(plan.selected, plan.to_run, untouched=frozenset({"a"})))


def test_what_imports_the_package_is_noticed(monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "tinytorch"]:
        monkeypatch.delitem(sys.modules, name)
    assert not importing.is_imported()
    monkeypatch.setitem(sys.modules, "tinytorch.adding", ModuleType("tinytorch.adding"))
    assert importing.is_imported()
