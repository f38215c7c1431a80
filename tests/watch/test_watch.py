"""`tito watch`: what a save runs, the two verdicts, and that the last save always gets the right one."""

from __future__ import annotations

import json
import os
import queue
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
import tomllib
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_tinytorch.course.entries import build_curriculum
from pytest_tinytorch.course.options import Options
from pytest_tinytorch.evidence import ledger
from pytest_tinytorch.evidence.following import Following, read_following, remember
from pytest_tinytorch.evidence.gate import states_of_units
from pytest_tinytorch.evidence.outcomes import Outcome, State
from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.evidence.workspace import open_workspace
from pytest_tinytorch.run.places import Frame
from pytest_tinytorch.terminal.glyphs import UNICODE
from pytest_tinytorch.watch import beat, view
from pytest_tinytorch.watch.affected import affected_checkpoints, saved_modules
from pytest_tinytorch.watch.beat import slow_spec, staying
from pytest_tinytorch.watch.loop import Loop
from pytest_tinytorch.watch.processes import Forking, Spare, may_fork
from pytest_tinytorch.watch.request import CHANGED, ENDED, FIRST, FULL, NOTHING, Request, Setup
from pytest_tinytorch.watch.view import Slow
from tests.support import kit, toy
from tests.support.long import is_long
from tests.support.warm import learners_environment

PATIENCE = 120
"""Seconds after which a test is sure that nothing will come; nothing is measured with it."""
NAMES = ("adding", "doubling", "squaring")
RIGHT = toy.REFERENCE["adding"]
WRONG = RIGHT.replace("x + y", "x - y")
ENDLESS = RIGHT.replace("    return x + y", "    while True:\n        pass")
TIRED = f"CALLS = []\n\n\n{RIGHT}".replace(
    "return x + y", "CALLS.append(0)\n    return x + y if len(CALLS) < 8 else x"
)
"""Right on few examples."""
UNFINISHED = RIGHT.replace("return x + y", "return x +")


@pytest.fixture
def root(tmp_path):
    """A toy workspace with nothing done."""
    return toy.build(tmp_path)


def workspace(root, **given):
    return open_workspace(root, Options(**given), "curriculum.toml")


def numbers(units):
    return [unit.number for unit in units]


class TestWhatASaveAffects:
    @pytest.mark.parametrize(
        ("solved", "saved", "expected"),
        [
            ((), ("adding",), ["01"]),
            (("adding",), ("adding",), ["01"]),  # 02 is nothing but stubs
            (("adding", "doubling"), ("adding",), ["01", "02"]),
            (("adding", "doubling"), ("doubling",), ["02"]),
            (("doubling",), ("doubling",), []),  # the stubs of 01 keep it locked
            (("adding", "doubling", "squaring"), (), ["01", "02", "03"]),
            (("squaring",), ("adding",), ["01"]),
        ],
    )
    def test_is_what_stands_on_it_and_has_been_begun(self, root, solved, saved, expected):
        toy.solve(root, *solved)
        assert numbers(affected_checkpoints(workspace(root), saved, None)) == expected

    def test_is_what_is_watched_if_that_stands_on_it(self, root):
        toy.solve(root, *NAMES)
        assert numbers(affected_checkpoints(workspace(root), ("adding",), "02")) == ["02"]
        assert numbers(affected_checkpoints(workspace(root), ("doubling",), "01")) == []

    def test_is_nothing_that_is_borrowed(self, root):
        toy.solve(root, *NAMES)
        assert numbers(affected_checkpoints(workspace(root, borrow="01"), (), None)) == ["02", "03"]

    def test_without_a_save_it_is_what_comes_next(self, root):
        assert numbers(affected_checkpoints(workspace(root), None, None)) == ["01"]
        assert numbers(affected_checkpoints(workspace(root), None, "03")) == ["03"]
        toy.solve(root, "adding")
        toy.pytest_in(root)
        assert numbers(affected_checkpoints(workspace(root), None, None)) == ["02"]

    def test_a_file_that_any_module_may_use_is_named_by_no_module(self):
        package = Path("here") / "tinytorch"
        named = lambda *files: saved_modules(
            Path("here"), [package / file for file in files], NAMES
        )
        assert named("adding.py") == {"adding"}
        assert named("adding.py", "squaring.py") == {"adding", "squaring"}
        assert named("helpers.py") == set()
        assert named("adding.py", "__init__.py") == set()
        assert named("parts/adding.py") == set()


class Fake:
    """Processes and terminal of a loop, which only remember what they are told."""

    def __init__(self):
        self.requests, self.drawn, self.shown, self.done = [], [], [], []

    def run(self, request):
        self.requests.append(request)

    def draw(self, files):
        self.drawn.append(list(files))

    def show(self, text):
        self.shown.append(text)

    def begin(self, title):
        self.shown.append(title)

    def tell(self, message):
        pass

    def __getattr__(self, name):
        return lambda: self.done.append(name)


@pytest.fixture
def fake():
    return Fake()


@pytest.fixture
def loop(fake):
    number = iter(range(1, 100))
    return Loop(
        root=Path("/here"),
        source=Path("/here"),
        names=NAMES,
        places={"checkpoint-01": "specs/test_01_adding.py"},
        blank=lambda: Request(next(number)),
        processes=fake,
        terminal=fake,
    )


def full(number, **more):
    told = {"number": number, "beat": FULL, "text": "the verdict", "asked": ["checkpoint-01"]}
    return told | {"failed": [], "next": None, "hints": [], "exercise": ""} | more


def file(name):
    return Path("/here") / "tinytorch" / f"{name}.py"


class TestLoop:
    def test_saves_without_a_verdict_add_up(self, loop, fake):
        loop.start()
        loop.saved([file("adding")])
        loop.saved([file("squaring")])
        assert fake.requests[-1].saved == ["adding", "squaring"]
        loop.receive(full(3))
        loop.saved([file("doubling")])
        assert fake.requests[-1].saved == ["doubling"]

    def test_a_file_of_no_module_stays_unjudged_until_there_is_a_verdict(self, loop, fake):
        loop.saved([file("helpers")])
        loop.saved([file("adding")])
        assert fake.requests[-1].saved == []
        loop.receive(full(2))
        loop.saved([file("adding")])
        assert fake.requests[-1].saved == ["adding"]

    def test_an_old_verdict_is_passed_over(self, loop, fake):
        loop.saved([file("adding")])
        loop.saved([file("adding")])
        loop.receive(full(1, text="old"))
        assert "old" not in fake.shown
        loop.receive(full(2, text="new"))
        assert "new" in fake.shown

    def test_a_verdict_that_begins_another_run_settles_nothing(self, loop, fake):
        """An editor's server may learn from a verdict that something was saved."""
        loop.saved([file("adding")])
        fake.tell = lambda message: message["number"] == 1 and loop.saved([file("squaring")])
        loop.receive(full(1))
        assert loop.running
        loop.typed({"doubling.py": "typed"})
        assert len(fake.requests) == 2, "what is saved comes first"
        loop.saved([file("doubling")])
        assert fake.requests[-1].saved == ["adding", "doubling", "squaring"]

    def test_failures_come_first_next_time(self, loop, fake):
        loop.saved([file("adding")])
        loop.receive(full(1, failed=["a spec"]))
        loop.saved([file("adding")])
        loop.saved([file("adding")])  # the run before it was ended, and has told nothing
        assert fake.requests[-1].failed == ("a spec",)
        loop.receive(full(3))
        loop.saved([file("adding")])
        assert fake.requests[-1].failed == ()

    def test_a_run_that_saw_the_source_change_is_begun_again(self, loop, fake):
        loop.saved([file("adding")])
        loop.receive({"number": 1, "beat": CHANGED})
        assert fake.requests == [fake.requests[0]] * 2

    def test_a_run_without_a_verdict_says_so_once(self, loop, fake):
        loop.saved([file("adding")])
        loop.receive({"number": 1, "beat": ENDED, "text": "usage: no such option"})
        assert "no such option" in fake.shown[-1]
        loop.receive(full(1))
        loop.receive({"number": 1, "beat": ENDED, "text": "later"})
        assert "later" not in fake.shown[-1]

    def test_specs_are_imported_anew_when_they_are_saved(self, loop, fake):
        loop.saved([file("adding")])
        assert fake.done == []
        loop.saved([Path("/here/specs/test_01_adding.py")])
        assert fake.done == ["restart"]

    def test_examples_are_drawn_after_the_verdict(self, loop, fake):
        loop.saved([file("adding")])
        assert fake.drawn == []
        loop.receive(full(1))
        assert fake.drawn == [["specs/test_01_adding.py"]]

    def test_keys(self, loop, fake):
        loop.start()
        loop.key("h")
        assert fake.shown[-1] == "Wait for the full verdict."
        loop.receive(full(1, next="02", hints=["what?", "which?", "so."], exercise="add"))
        loop.key("h")
        assert fake.shown[-1] == "add:\n1. what?"
        loop.key("h")
        assert fake.shown[-1] == "add:\n1. what?\n2. which?"
        loop.key("\n")
        loop.key("h")
        assert fake.shown[-1] == "add:\n1. what?\n2. which?\n3. so.", "while it runs"
        other = {"exercise": "negate", "hints": ["minus?"], "text": "the first look"}
        loop.receive({"number": 2, "beat": "first", **other})
        loop.key("h")
        assert fake.shown[-1] == "negate:\n1. minus?"
        loop.receive(full(2, next="02"))
        loop.key("n")
        assert (fake.requests[-1].focus, fake.requests[-1].saved) == ("02", None)
        loop.key("a")
        assert fake.requests[-1].everything
        loop.key("\n")
        assert fake.requests[-1].everything
        assert not loop.key("q")

    def test_the_key_for_the_next_checkpoint_says_what_it_does_or_why_it_does_nothing(
        self, loop, fake
    ):
        loop.start()
        loop.key("n")
        assert fake.shown[-1] == "Wait for the full verdict."
        loop.receive(full(1, next="02"))
        loop.key("n")
        assert fake.shown[-1] == "checkpoint 02: from now on, each save runs it alone"
        loop.receive(full(2, next="02"))
        loop.key("n")
        assert fake.shown[-1] == "Checkpoint 02 is next until it passes."
        assert len(fake.requests) == 2, "nothing is run again"
        loop.saved([file("squaring")])
        loop.receive({"number": 3, "beat": NOTHING, "text": "nothing here depends on it"})
        loop.key("n")
        assert fake.shown[-1] == "Checkpoint 02 is next until it passes."
        loop.key("\n")
        loop.receive(full(4))
        loop.key("n")
        assert fake.shown[-1] == "There is no next checkpoint: all are passed."

    def test_a_run_that_takes_long_says_how_to_stop_it_in_lines_that_fit(self, loop, fake):
        loop.start()
        slow = Slow("The law.", 6.0, 25.0, "relu", "tinytorch/activations.py", 36)
        loop.receive(view.progress_message(Request(1), 3, 50, slow))
        assert " ".join(fake.shown[-1].split()).endswith(
            "activations.py:36. Ctrl-C stops this run, and so does the save that fixes it."
        )
        assert max(map(len, fake.shown[-1].splitlines())) <= 80
        loop.receive(view.progress_message(Request(1), 4, 50))
        assert "Ctrl-C" not in fake.shown[-1]
        assert loop.interrupted()
        told = "Stopped, without a verdict. Return runs it again, q or Ctrl-C quits."
        assert fake.shown[-1] == told
        loop.key("n")
        assert fake.shown[-1] == "There is no verdict yet: Return runs the specs."
        assert not loop.interrupted()

    def test_ctrl_c_ends_the_watch_once_nothing_has_run_since_the_last(self, loop, fake):
        loop.start()
        loop.receive(full(1))
        assert loop.interrupted()
        assert fake.shown[-1] == "Nothing runs: q quits, or Ctrl-C once more."
        loop.key("\n")
        assert loop.interrupted()  # that ends the run
        assert not loop.interrupted()

    def test_how_far_a_run_is_is_shown(self, loop, fake):
        loop.start()
        loop.receive({"number": 1, "beat": "progress", "text": "3 of 50 specs so far"})
        assert fake.shown[-1] == "3 of 50 specs so far"

    def test_what_is_typed_waits_for_the_verdict_on_what_is_saved(self, loop, fake):
        loop.saved([file("adding")])
        loop.typed({"doubling.py": "typed"})
        loop.typed({"doubling.py": "typed more"})
        assert [request.unsaved for request in fake.requests] == [{}]
        loop.receive(full(1))
        assert (fake.requests[-1].unsaved, fake.requests[-1].saved) == (
            {"doubling.py": "typed more"},
            ["doubling"],
        )

    def test_typing_ends_a_run_of_what_was_typed_before(self, loop, fake):
        loop.typed({"adding.py": "a"})
        loop.typed({"adding.py": "a", "squaring.py": "b"})
        assert fake.requests[-1].saved == ["adding", "squaring"]
        loop.receive(full(2))
        assert len(fake.requests) == 2
        loop.typed({"adding.py": "a", "squaring.py": "b"})
        assert len(fake.requests) == 2, "nothing else is typed"

    def test_a_verdict_on_what_is_typed_is_none_on_what_is_saved(self, loop, fake):
        loop.saved([file("adding")])
        loop.receive({"number": 1, "beat": ENDED, "text": "no such option"})
        loop.typed({"doubling.py": "typed"})
        assert fake.requests[-1].saved == ["adding", "doubling"]
        loop.receive(full(2))
        loop.saved([file("squaring")], {"doubling.py": "typed"})
        assert (fake.requests[-1].saved, fake.requests[-1].unsaved) == (["adding", "squaring"], {})
        loop.receive(full(3))
        assert fake.requests[-1].unsaved == {"doubling.py": "typed"}

    def test_a_save_ends_a_run_of_what_is_typed(self, loop, fake):
        loop.typed({"adding.py": "typed"})
        loop.saved([file("adding")])
        assert (fake.requests[-1].saved, fake.requests[-1].unsaved) == (["adding"], {})
        loop.receive(full(2))
        assert len(fake.requests) == 2

    def test_what_is_typed_back_to_what_is_saved_is_run_as_it_is_saved(self, loop, fake):
        loop.typed({"adding.py": "a", "doubling.py": "b"})
        loop.receive(full(1))
        loop.typed({})
        assert (fake.requests[-1].saved, fake.requests[-1].unsaved) == (["adding", "doubling"], {})

    def test_what_is_typed_back_while_it_runs_as_it_is_saved_runs_on(self, loop, fake):
        loop.saved([file("adding")])
        loop.typed({"adding.py": "typed"})
        loop.typed({})
        loop.receive(full(1))
        assert len(fake.requests) == 1
        loop.typed({"squaring.py": "typed"})
        loop.receive(full(2))
        loop.saved([file("adding")], {"squaring.py": "typed"})
        loop.typed({})
        assert fake.requests[-1].saved == ["adding", "squaring"], "that run was not about squaring"

    def test_what_is_taken_back_just_before_a_save_runs_with_it(self, loop, fake):
        loop.typed({"squaring.py": "typed"})
        loop.receive(full(1))
        loop.saved([file("adding")], {})
        assert (fake.requests[-1].saved, fake.requests[-1].unsaved) == (["adding", "squaring"], {})

    def test_what_has_its_verdict_already_ends_a_run_of_other_text_and_none_of_a_save(
        self, loop, fake
    ):
        loop.saved([file("adding")])
        loop.known({})
        assert not fake.done
        loop.receive(full(1))
        loop.typed({"adding.py": "typed"})
        loop.known({})
        assert (fake.done, loop.running) == (["stop"], False)
        assert fake.drawn == [["specs/test_01_adding.py"]] * 2, "its examples were used"
        loop.typed({})
        assert len(fake.requests) == 2

    def test_typing_in_a_file_of_no_module_runs_everything_begun(self, loop, fake):
        loop.typed({"helpers.py": "typed", "adding.py": "a"})
        assert fake.requests[-1].saved == []

    def test_a_run_that_ends_without_a_verdict_holds_nothing_up(self, loop, fake):
        loop.saved([file("adding")])
        loop.typed({"adding.py": "typed"})
        loop.receive({"number": 1, "beat": ENDED, "text": "killed"})
        assert fake.requests[-1].unsaved == {"adding.py": "typed"}
        loop.receive({"number": 2, "beat": ENDED, "text": "killed"})
        assert len(fake.requests) == 2, "what ends so is not begun again"

    def test_ctrl_c_ends_a_run_only(self, loop, fake):
        loop.start()
        loop.interrupted()
        assert fake.done == ["stop"]


class TestView:
    def test_how_far_a_run_is_and_which_law_takes_long(self):
        told = lambda used: view.progress_message(Request(1), 3, 50, slow_spec(used))
        item = SimpleNamespace(name="test_x", function=lambda: None, cls=None)
        item.function.__doc__ = "The law."
        assert told(None)["text"] == told((item, 1.0, 25.0))["text"] == "3 of 50 specs so far"
        message = told((item, 6.0, 25.0))
        assert message["text"] == (
            "3 of 50 specs so far. One has used 6 s of CPU time, and may use 25 s:"
            " is there a loop that never ends? The law."
        )
        assert (message["slow"]["used"], message["slow"]["limit"]) == (6.0, 25.0)
        assert told(None)["slow"] is None
        placed = Slow("The law.", 6.0, 25.0, "relu", "tinytorch/activations.py", 36)
        text = view.progress_message(Request(1), 3, 50, placed)["text"]
        assert text.endswith(" The law. It is in relu, tinytorch/activations.py:36.")

    def test_a_spec_that_takes_long_is_told_at_once_and_once_it_goes_on(self, monkeypatch):
        """Other messages come every five seconds."""
        clock = SimpleNamespace(monotonic=lambda: clock.now, now=0.0)
        monkeypatch.setattr(beat, "time", clock)
        item = SimpleNamespace(name="test_x", nodeid="x", function=print, cls=None)
        item.get_closest_marker = lambda name: None
        pool = SimpleNamespace(slowest=lambda: pool.used, worker_of=lambda item: pool.worker)
        sent = []
        told = beat.Beat(50, Request(1), sent.append, places=None)
        told._placed = lambda slow, *_: slow
        told.pool = pool

        def slow_after(seconds, used, worker="runs"):
            sent.clear()
            clock.now += seconds
            pool.used, pool.worker = used and (item, used, 25.0), worker
            told()
            return [one["slow"] and one["slow"]["used"] for one in sent]

        assert slow_after(1, 1.0) == []
        assert slow_after(1, 4.0) == [4.0], "at once"
        assert slow_after(1, 5.0) == []
        assert slow_after(4, 9.0) == [9.0], "after five seconds"
        assert slow_after(1, None) == [None], "at once"
        assert slow_after(1, 4.5) == [4.5]
        assert slow_after(1, 4.0, worker=None) == [4.0], "another spec by now"
        assert slow_after(4, None) == [None]
        assert slow_after(5, None) == [None]

    def test_what_stays_between_two_looks_may_be_the_loop(self):
        def stack(*places):
            return [Frame(Path("m.py"), line, name) for name, line in places]

        step, other = stack(("fit", 10), ("step", 3)), stack(("fit", 10), ("step", 5))
        assert staying(step, other) == other, "perhaps one call"
        assert staying(step, stack(("fit", 11), ("zero", 5))) == stack(("fit", 11))
        assert staying(step, stack(("fit", 11), ("step", 3))) == stack(("fit", 11)), "another call"
        assert staying(step, []) == staying([], step) == []

    @pytest.mark.parametrize("width", [40, 80])
    def test_a_first_look_says_that_nobody_has_made_its_example_smaller(self, width):
        text = "t\n  Law       The law.\n  Called    f(Tensor([3., 1.]))\n  Got       1"
        red = view.Failure("a", Outcome(State.WRONG), text)
        course = build_curriculum(tomllib.loads(toy.CURRICULUM))
        kinds, request = Counter({State.WRONG: 1}), Request(1, width=width)

        def shown(red, as_drawn):
            found = view.first_look_message(request, kinds, red, 9, course, as_drawn)
            return " ".join(found["text"].split())

        told = "This example is as it was drawn; the full verdict makes it smaller."
        assert shown(red, True).endswith(told)
        assert told not in shown(red, False), "the search for a smaller one has ended"
        assert told not in shown(replace(red, text="t\n  Raised    ValueError"), True)

    def test_a_syntax_error_is_one_block_with_a_caret(self):
        with pytest.raises(SyntaxError) as caught:
            compile("def add(x, y):\n    return (x + y\n", "adding.py", "exec")
        text = view.syntax_message(Request(1), "tinytorch/adding.py", caught.value)["text"]
        first, place, line, caret = text.splitlines()
        assert first == "first look: broken"
        assert place.startswith("✗ tinytorch/adding.py:2  ")
        assert line == "     2 │     return (x + y"
        assert line[caret.index("^")] == "("

    def test_a_caret_far_to_the_right_stays_in_sight(self):
        error = SyntaxError("no", ("a.py", 7, 101, "x" * 100 + "(" + "y" * 50, 7, 102))
        text = view.syntax_message(Request(1, width=40, plain=True), "a.py", error)["text"]
        *_, line, caret = text.splitlines()
        assert max(len(line), len(caret)) <= 40
        assert line[caret.index("^")] == "("

    def test_a_key_is_named_where_one_does_it(self):
        red = view.Failure(
            "", Outcome(State.WRONG), "t\n  Law       l\n  Hint      pytest -p x --hints 1"
        )
        assert [line.plain for line in view.failure_lines(red, 80)][-1] == "  Hint      press h"

    def test_what_comes_next_is_a_key_unless_a_milestone_comes_first(self, toy_progress):
        shown = [str(line) for line in view.next_lines(toy_progress("00", "01"), UNICODE, 80)]
        assert shown[1].endswith("press n  — 02 Doubling")
        assert "Lesson" in shown[2]
        shown = [str(line) for line in view.next_lines(toy_progress("00", "01", "02"), UNICODE, 80)]
        assert "tito milestone start 1901" in shown[1]
        assert shown[-1].endswith("press n  — 03 Squaring")


@pytest.fixture
def toy_progress():
    """Progress in the toy course, by the numbers of the checkpoints that are passed."""
    course = build_curriculum(tomllib.loads(toy.CURRICULUM))

    def at(*numbers):
        passed = {f"checkpoint-{number}" for number in numbers}
        known = lambda unit: State.PASSED if unit in passed else None
        return Progress(course, states_of_units(course, {}, known, frozenset(), frozenset()))

    return at


class Watching:
    """A `tito watch` in a process of its own, driven as an editor and a person drive it."""

    def __init__(self, root, *arguments):
        self.root = root
        command = [sys.executable, "-m", "pytest_tinytorch.tito", "watch", "01", "--json"]
        self.process = subprocess.Popen(
            [*command, "--", *arguments],
            cwd=root,
            env=learners_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self.messages = queue.SimpleQueue()
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        for line in self.process.stdout:
            self.messages.put(json.loads(line))

    def save(self, text):
        (self.root / "tinytorch" / "adding.py").write_text(text, encoding="utf-8")

    def wait(self, *kinds):
        """The next message of one of these kinds."""
        while True:
            message = self.messages.get(timeout=PATIENCE)
            if message["beat"] in kinds:
                return message

    def verdict_on(self, text):
        """The full verdict on the file as it is now; older ones may come before it."""
        digest = digest_of(self.root)
        while True:
            message = self.wait(FULL)
            if message["sources"]["checkpoint-01"] == digest:
                return message

    def press(self, key):
        self.process.stdin.write(key)
        self.process.stdin.flush()

    def end(self):
        self.press("q")
        return self.process.wait(PATIENCE)


@contextmanager
def watching(root, *arguments):
    one = Watching(root, *arguments)
    try:
        one.wait(FULL)
        yield one
    finally:
        one.process.kill()
        one.process.wait()


def digest_of(root):
    return workspace(root).digests["checkpoint-01"][0]


def numbered(text, number):
    """The same code, told apart from all other saves by a constant."""
    return f"{text}\n\nSAVE = {number}\n"


class TestWatching:
    @pytest.mark.slow
    def test_every_one_of_many_saves_that_flip_a_file_gets_the_right_verdict(self, root):
        saves = 200 if is_long() else 80
        chance = random.Random(1)
        expected = {}
        with watching(root) as watch:
            seen = 0
            for number in range(saves):
                right = chance.random() < 0.5
                watch.save(numbered(RIGHT if right else WRONG, number))
                expected[digest_of(root)] = "passed" if right else "wrong"
                if chance.random() < 0.4:
                    time.sleep(chance.random() * 0.1)  # the next save comes in the middle of a run
                    continue
                last = watch.verdict_on(root)
                assert last["verdict"] == expected[last["sources"]["checkpoint-01"]], number
                seen += 1
            assert seen > saves * 0.4
            while not watch.messages.empty():
                rest = watch.messages.get()
                if rest["beat"] == FULL:
                    assert rest["verdict"] == expected[rest["sources"]["checkpoint-01"]]

    def test_endless_loops_and_unfinished_code_end_neither_it_nor_the_next_verdict(self, root):
        with watching(root) as watch:
            watch.save(UNFINISHED)
            assert watch.verdict_on(root)["verdict"] == "broken"
            watch.save(ENDLESS)
            time.sleep(0.5)
            watch.save(RIGHT)
            assert watch.verdict_on(root)["verdict"] == "passed"

    def test_a_first_look_comes_before_the_full_verdict_and_grants_nothing(self, root):
        with watching(root) as watch:
            looks = 0
            while not looks:  # examples are drawn while nothing else is to do
                time.sleep(0.3)
                watch.save(RIGHT)
                looks = watch.wait(FIRST, FULL)["beat"] == FIRST
            watch.verdict_on(root)
            watch.save(TIRED)
            look = watch.wait(FIRST)
            assert look["verdict"] == "passed"
            assert "first look" in look["text"]
            found = watch.verdict_on(root)
            assert found["verdict"] == "wrong"
            assert "full verdict" in found["text"]
            assert "add(x, y) equals x + y" in found["text"]
            assert view.AS_DRAWN.strip() not in found["text"]
            assert found["failed"] == ["specs/test_01_adding.py::TestAdd::test_is_the_sum"]
        events = ledger.read_ledger(root / ".tinytorch" / "ledger.jsonl").events
        assert [e.verdict for e in events if e.unit == "checkpoint-01"][-1] == "wrong"
        assert [e.verdict for e in events if e.source == found["sources"]["checkpoint-01"]] == [
            "wrong"
        ]

    @pytest.mark.skipif(not may_fork(), reason="both run in one process there")
    def test_what_ran_whole_in_the_first_look_does_not_run_again(self, root, tmp_path_factory):
        told = tmp_path_factory.mktemp("told") / "runs"
        with (root / "specs" / "test_01_adding.py").open("a", encoding="utf-8") as file:
            file.write(f"\n\ndef test_tells():\n    open({str(told)!r}, 'a').write('x')\n")
        with watching(root) as watch:
            look = {"beat": FULL}
            while look["beat"] != FIRST:  # examples are drawn while nothing else is to do
                time.sleep(0.3)
                told.write_text("", encoding="utf-8")
                watch.save(RIGHT)
                look = watch.wait(FIRST, FULL)
            assert set(look["specs"].values()) == {"passed"}
            assert "nothing wrong, 3 of 3 specs tried" in " ".join(look["text"].split())
            found = watch.verdict_on(root)
            assert found["number"] == look["number"]
            assert told.read_text(encoding="utf-8") == "x"
            assert found["specs"]["specs/test_01_adding.py::test_tells"] == "passed"

    def test_keys_reach_it_and_q_ends_it_with_all_it_began(self, root):
        with watching(root) as watch:
            watch.press("n")  # 01 is next, and is watched: there is nothing to go on to
            watch.press("\n")
            assert watch.wait(FULL)["asked"] == ["checkpoint-01"]
            watch.press("a")
            assert len(watch.wait(FULL)["asked"]) == 4
            assert watch.end() == 0
            assert processes_in(root) == []

    def test_it_ends_with_the_program_that_reads_along(self, root):
        with watching(root) as watch:
            watch.process.stdin.close()
            assert watch.process.wait(PATIENCE) == 0

    @pytest.mark.skipif(sys.platform == "win32", reason="a signal cannot be sent to one process")
    def test_ctrl_c_ends_it_the_second_time(self, root):
        with watching(root) as watch:
            for _ in range(2):
                watch.process.send_signal(signal.SIGINT)
                time.sleep(1)  # two signals at once are one
            assert watch.process.wait(PATIENCE) == 0
            assert processes_in(root) == []

    @pytest.mark.skipif(sys.platform == "win32", reason="a signal cannot be sent to one process")
    def test_ctrl_c_does_not_end_it_at_first(self, root):
        with watching(root) as watch:
            watch.process.send_signal(signal.SIGINT)
            time.sleep(1)  # it ends what runs when it is noticed, so not what is saved from then on
            watch.save(RIGHT)
            assert watch.verdict_on(root)["verdict"] == "passed"
            assert watch.end() == 0

    def test_a_spec_that_is_saved_is_run_as_it_is_now(self, root):
        with watching(root) as watch:
            watch.save(RIGHT)
            watch.verdict_on(root)
            specs = root / "specs" / "test_01_adding.py"
            text = specs.read_text(encoding="utf-8")
            specs.write_text(text.replace("negate(3) == -3", "negate(3) == 4"), encoding="utf-8")
            assert watch.wait(FULL)["verdict"] == "wrong"

    def test_the_package_that_pytest_is_told_to_judge_is_the_one_it_watches(self, root):
        elsewhere = root / "elsewhere"
        shutil.copytree(root / "tinytorch", elsewhere / "tinytorch")
        with watching(root, "--source", "elsewhere") as watch:
            for text, verdict in ((RIGHT, "passed"), (WRONG, "wrong")):
                toy.write(elsewhere, {"tinytorch/adding.py": text})
                while watch.wait(FULL)["verdict"] != verdict:
                    pass  # of a save that the system told twice; in the end waiting fails

    def test_a_folder_without_a_package_is_told_at_once(self, root, monkeypatch):
        monkeypatch.chdir(root)
        assert "specs: it has no package tinytorch/" in kit.tito(
            "watch", "--", "--source=specs", code=2
        )
        assert "--source" in kit.tito("watch", "--", "--source", code=2)


def processes_in(root):
    """Processes that were started in a folder and are still there, where the system tells."""
    if not os.path.isdir("/proc"):  # noqa: PTH112
        return []
    found = []
    for place in Path("/proc").iterdir():
        try:
            if place.name.isdecimal() and (place / "cwd").resolve() == root.resolve():
                found.append(place.name)
        except OSError:
            continue
    return found


def ask(processes, told, number, focus="01", **more):
    """All that a run says until its full verdict, or that there is nothing to run."""
    processes.run(Request(number, focus=focus, **more))
    found = []
    while not found or found[-1]["beat"] not in (FULL, NOTHING):
        message = told.get(timeout=PATIENCE)
        if message.get("number") == number:
            found.append(message)
    return found


@pytest.mark.parametrize("kind", [Forking, Spare] if may_fork() else [Spare])
class TestProcesses:
    """What runs specs, without a terminal: with forks, and with spare processes as on Windows."""

    @pytest.fixture
    def told(self):
        return queue.SimpleQueue()

    @pytest.fixture
    def processes(self, kind, root, told):
        made = kind(Setup(root, "learn"), told.put)
        yield made
        made.close()

    def test_judge_each_save_with_and_without_a_first_look(self, processes, told, root):
        places = ["specs/test_01_adding.py"]
        (verdict,) = ask(processes, told, 1)
        assert verdict["verdict"] == "todo"
        processes.draw(places)
        for number, (text, expected) in enumerate(
            [(RIGHT, "passed"), (WRONG, "wrong"), (RIGHT, "passed"), (UNFINISHED, "broken")],
            start=2,
        ):
            (root / "tinytorch" / "adding.py").write_text(text, encoding="utf-8")
            found = ask(processes, told, number, saved=["adding"])
            assert found[-1]["verdict"] == expected, found[-1]["text"]
        assert ask(processes, told, 9, saved=["squaring"])[0]["beat"] == NOTHING

    def test_a_full_run_tries_what_was_drawn_for_it_and_the_next_one_something_else(
        self, processes, told, root
    ):
        specs, seen = root / "specs" / "test_01_adding.py", root / "seen.txt"
        told_by = "print(x, y, currently_in_test_context(), file=file)"
        law = f"        with open({str(seen)!r}, 'a') as file:\n            {told_by}\n        from"
        text = specs.read_text(encoding="utf-8").replace("        from", law, 1)
        begin = "from hypothesis import currently_in_test_context\n"
        specs.write_text(begin + text, encoding="utf-8")
        toy.solve(root, "adding")
        runs = []
        for number in range(1, 4):
            processes.draw([specs.relative_to(root).as_posix()])
            time.sleep(5)  # drawing gives way to a run
            seen.write_text("", encoding="utf-8")
            assert ask(processes, told, number, saved=["adding"])[-1]["verdict"] == "passed"
            runs.append([line.rsplit(" ", 1) for line in seen.read_text().splitlines()])
        ahead = [[x for x, inside in run if inside == "False"] for run in runs]
        assert all(len(run) == 5 + 25 for run in ahead[1:]), "a first look, and all of it"
        assert set(ahead[1][5:]) != set(ahead[2][5:])
        assert not [x for run in runs[1:] for x, inside in run if inside == "True"]

    def test_a_look_that_ends_at_a_later_spec_leaves_nothing_to_the_full_run(
        self, processes, told, root
    ):
        """Where both run in one process, what was set up around the red spec is torn down."""
        wrong = RIGHT.replace("return -x", "return x")
        specs = root / "specs" / "test_01_adding.py"
        later = 'class TestLater:\n    """later"""\n\n    def test_holds(self):\n        """One is one."""\n'
        text = f"{specs.read_text(encoding='utf-8')}\n\n{later}        assert 1 == 1\n"
        specs.write_text(text, encoding="utf-8")
        toy.remake_manifest(root)
        processes.draw(["specs/test_01_adding.py"])
        time.sleep(5)  # drawing gives way to a run, and this run has to have a first look
        (root / "tinytorch" / "adding.py").write_text(wrong, encoding="utf-8")
        look, verdict = ask(processes, told, 1, saved=["adding"])
        assert look["red"] == "specs/test_01_adding.py::TestNegate::test_is_the_opposite"
        assert verdict["failed"] == [look["red"]], verdict["text"]

    def test_judge_what_is_not_saved_and_keep_nothing_of_it(self, processes, told, root):
        ask(processes, told, 1)
        before = kit.contents(root)
        verdict = ask(processes, told, 2, saved=["adding"], unsaved={"adding.py": WRONG})[-1]
        assert (verdict["verdict"], verdict["unsaved"]) == ("wrong", True)
        (found,) = [one for one in verdict["findings"] if one["exercise"] == "add"]
        assert (found["file"], found["line"]) == ("tinytorch/adding.py", 4)
        assert found["message"]["Law"] == "add(x, y) equals x + y."
        verdict = ask(processes, told, 3, saved=["adding"], unsaved={"adding.py": RIGHT})[-1]
        assert verdict["verdict"] == "passed"
        assert kit.contents(root) == before
        assert ask(processes, told, 4)[-1]["verdict"] == "todo"

    def test_tell_of_a_cause_what_any_other_run_tells(self, processes, told, root):
        """What failed last comes first here; but a unit whose need fails is held back in any run."""
        toy.solve(root, "adding", "doubling")
        (root / "tinytorch" / "adding.py").write_text(UNFINISHED, encoding="utf-8")
        failed = ["specs/test_02_doubling.py::TestDouble::test_is_twice"]
        verdict = ask(processes, told, 1, focus=None, saved=["adding"], failed=failed)[-1]
        (found,) = verdict["findings"]
        assert [nodeid.partition("::")[0] for nodeid in found["nodeids"]] == [
            "specs/test_01_adding.py"
        ] * 2
        assert not set(failed) & set(verdict["failed"])

    def test_follow_what_is_chosen_and_borrowed_while_they_run(
        self, processes, told, root, monkeypatch
    ):
        """By a run in a terminal, and by `tito path`, which ends that."""
        monkeypatch.chdir(root)
        toy.solve(root, "doubling")
        judged = lambda number: ask(processes, told, number, focus="02", saved=["doubling"])[-1]
        assert judged(1)["states"]["checkpoint-01"] == "todo"
        remember(root, Following(borrow="01"))
        assert judged(2)["verdict"] == "passed"
        kit.tito("path", "choose", "squares")
        assert judged(3)["beat"] == NOTHING, "it is not on this path"
        kit.tito("path", "leave")
        assert judged(4)["states"]["checkpoint-01"] == "todo"
        kit.tito("path", "borrow", "01")
        assert judged(5)["verdict"] == "passed"

    def test_leave_what_is_chosen_during_a_run_as_it_is(self, processes, told, root, monkeypatch):
        monkeypatch.chdir(root)
        ask(processes, told, 1)
        remember(root, Following(borrow="01"))
        began = root / "began"
        slow = f"import time\n\nopen({str(began)!r}, 'w').close()\ntime.sleep(2)\n\n\n"
        toy.write(root, {"tinytorch/doubling.py": slow + toy.REFERENCE["doubling"]})
        processes.run(Request(2, focus="02", saved=["doubling"]))
        for _ in range(PATIENCE * 20):
            if began.exists():
                break
            time.sleep(0.05)
        kit.tito("path", "leave")
        while (message := told.get(timeout=PATIENCE))["beat"] != FULL:
            pass
        assert message["verdict"] == "passed", "it has borrowed 01"
        assert read_following(root) == Following()

    def test_an_endless_run_gives_way_to_the_next(self, processes, told, root):
        (root / "tinytorch" / "adding.py").write_text(ENDLESS, encoding="utf-8")
        processes.run(Request(1, focus="01", saved=["adding"]))
        time.sleep(0.5)
        (root / "tinytorch" / "adding.py").write_text(RIGHT, encoding="utf-8")
        assert ask(processes, told, 2, saved=["adding"])[-1]["verdict"] == "passed"


@pytest.mark.skipif(
    not may_fork(), reason="without forks the run itself ends; a save begins another"
)
def test_a_spec_that_ends_its_process_is_broken_and_the_others_run(root):
    told = queue.SimpleQueue()
    processes = Forking(Setup(root, "learn"), told.put)
    ends = RIGHT.replace("    return x + y", "    import os\n\n    os._exit(0)")
    (root / "tinytorch" / "adding.py").write_text(ends, encoding="utf-8")
    (verdict,) = ask(processes, told, 1, saved=["adding"])
    processes.close()
    assert verdict["verdict"] == "broken"
    assert "os._exit" in verdict["text"]
    assert "2 of 3 specs passed" in verdict["text"]
