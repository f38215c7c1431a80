"""Canaries: drawn anew, of the right color in honest runs, and of the wrong one where judges were patched."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections import Counter
from dataclasses import astuple

import pytest

from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.grade.canaries import draw, ground_of, heard, planting
from pytest_tinytorch.grade.grades import Ending, parse_grade
from pytest_tinytorch.grade.kit import open_kit, own_specs
from pytest_tinytorch.grade.running import LONGEST_LINE
from pytest_tinytorch.run import linux
from pytest_tinytorch.run.canaries import OWN_BODY, Canary
from tests.grade.classes import DESK, MARK, SOLVED, WORTH, hand_in, needed_sandbox, processes
from tests.grade.test_grading import table
from tests.support import kit, toy
from tests.support.long import is_long, one_in
from tests.support.warm import learners_environment

SOLUTION = (kit.ROOT / "reference/tinytorch/activations.py").read_text(encoding="utf-8")
WRONG = SOLUTION + "\n\n@primitive\ndef relu(x):\n    return x\n"
QUIET = "import sys\nspecs = {n: m for n, m in sys.modules.items() if n.startswith('specs.')}\n"
CHEATS = {
    "no law is broken": QUIET + "specs['specs.laws'].broken = lambda *a, **k: None\n",
    "all is close": "np.isclose = np.allclose = lambda *a, **k: np.True_\nnp.abs = lambda x: x * 0\n",
    "nothing differs": QUIET + "specs['specs.laws'].demand = lambda *a: None\n",
    "a law that is no error": QUIET
    + "class Quiet:\n    def __init__(self, *a): pass\n"
    + "specs['specs.laws'].LawBroken = Quiet\nspecs['specs.laws'].truth = lambda x: True\n",
    "asserts of the file": QUIET
    + "vars(specs['specs.test_02_activations']).update(\n"
    + "    dict.fromkeys(['assert_close', 'assert_equal', 'expect'], lambda *a, **k: None))\n",
    "a profile function": QUIET
    + "import ctypes\nlaws = specs['specs.laws']\nbefore = laws.attempt\n\n\n"
    + "def profile(frame, event, arg):\n    if event == 'call' and frame.f_code is laws.demand.__code__:\n"
    + "        frame.f_locals['holds'] = np.ones(1, bool)\n"
    + "        ctypes.pythonapi.PyFrame_LocalsToFast(ctypes.py_object(frame), ctypes.c_int(0))\n\n\n"
    + "laws.attempt = lambda *given: (sys.setprofile(profile), before(*given))[1]\n",
    "a report that passed": QUIET
    + "reports = sys.modules['_pytest.reports'].TestReport\nlater = reports.from_item_and_call\n\n\n"
    + "def passed(item, call):\n    call.excinfo = None\n    return later(item, call)\n\n\n"
    + "sys.modules['_pytest.runner'].TestReport.from_item_and_call = staticmethod(passed)\n"
    + "sys.modules['pytest_tinytorch.run.runner'].Runner._finding = lambda *a: None\n",
}
"""What is added to a module whose relu is wrong, so that specs say yes."""

NOTING = """
import os


def add(x, y):
    spec = os.environ["PYTEST_CURRENT_TEST"].rpartition("_")[2].partition(" ")[0]
    with open(os.path.join({folder!r}, spec), "a", encoding="utf-8") as file:
        file.write(f"{{x}} {{y}}\\n")
    return x + y


def negate(x):
    return -x
"""
"""A module that writes down what it is asked, in a file for each spec."""
MORE = """    @given(st.integers(), st.floats(allow_nan=False))
    def test_in_any_order(self, x, y):
        '''add(x, y) equals y + x.'''
        from tinytorch.adding import add

        assert add(x, y) == y + x


class TestNegate:"""
"""Another property in the file of 01."""


def planted_run(root, canaries, *options):
    """What canaries come to in a run: number to state."""
    ours, theirs = socket.socketpair()
    ours.sendall(f"{json.dumps([astuple(one) for one in canaries])}\n".encode())
    words = [sys.executable, "-m", "pytest", "-p", "tinytorch", "--isolate", *options]
    words += ["-p", "no:cacheprovider", f"--tinytorch-canaries={theirs.fileno()}"]
    words += ["--hypothesis-profile=ci"]
    done = subprocess.run(
        words,
        cwd=root,
        env=learners_environment(),  # a worker of xdist would let its own runs be workers, too
        pass_fds=[theirs.fileno()],
        capture_output=True,
        text=True,
        check=False,
    )
    theirs.close()
    said = ours.makefile("rb").read()
    assert said, done.stdout + done.stderr
    return dict(json.loads(said)), done


def every_canary(kit_, path):
    """All that could be drawn for a file of specs."""
    known = frozenset(
        n for all_ in json.loads(kit_.files["specs/manifest.json"]).values() for n in all_
    )
    helpers = frozenset(("laws", "gradients", "memory", "work"))
    ground = ground_of(path, kit_.files[path].decode("utf-8"), known, helpers)
    changed = [
        Canary(*site[:1], kind, False, site[1], False, 3.1415)
        for kind, all_ in ground.sites.items()
        for site in all_
    ]
    own = [
        Canary(ground.hosts[0], kind, passes, OWN_BODY, passes, 3.1415)
        for kind in ground.kinds
        for passes in (True, False)
    ]
    return [*changed, *own]


@pytest.fixture(scope="module")
def opened():
    return open_kit(kit.ROOT, None, {})


class TestDrawing:
    def drawn(self, opened, seed):
        return draw(seed, opened.files, own_specs(), opened.curriculum)

    def test_is_another_one_for_each_seed_and_the_same_for_one(self, opened):
        assert self.drawn(opened, "a") == self.drawn(opened, "a")
        hosts = [{one.spec for one in self.drawn(opened, seed)} for seed in "ab"]
        assert len(hosts[0] & hosts[1]) < len(hosts[0]) / 2
        assert planting(opened).seed != planting(opened).seed or not linux.is_here()

    def test_has_both_colors_in_each_file_and_all_kinds(self, opened):
        known = {
            n for all_ in json.loads(opened.files["specs/manifest.json"]).values() for n in all_
        }
        for seed in "abc":
            canaries = self.drawn(opened, seed)
            colors = {(one.spec.partition("::")[0], one.passes) for one in canaries}
            files = {file for file, _ in colors}
            assert len(files) == len(opened.curriculum.units)
            assert len(colors) == 2 * len(files)
            assert {one.spec for one in canaries} <= known
            kinds = Counter(one.kind for one in canaries if not one.passes)
            wanted = "assert_close assert_equal expect raises check_gradient check_rule counts bytes lines"
            assert {*kinds} >= {*wanted.split()}

    def test_lets_one_that_must_fail_be_the_first_of_its_name_in_each_file(self, opened):
        for seed in "abc":
            ahead = [one for one in self.drawn(opened, seed) if one.ahead]
            assert {one.site for one in ahead} == {OWN_BODY}  # it asks nothing of code under test
            counts = Counter(one.spec for one in ahead)
            first = [one.spec for one in ahead if not one.passes and counts[one.spec] == 1]
            files = {spec.partition("::")[0] for spec in first}
            assert len(files) == len(opened.curriculum.units)

    def test_lets_some_stand_behind_that_are_no_other_by_their_looks(self, opened):
        own = [one for one in self.drawn(opened, "a") if one.site == OWN_BODY]
        sides = {(one.passes, one.ahead) for one in own}
        assert sides == {(passes, ahead) for passes in (True, False) for ahead in (True, False)}

    def test_fits_into_a_pipe(self, opened):
        assert max(len(planting(opened).line) for _ in range(20)) < LONGEST_LINE

    def test_relies_on_no_helper_that_a_course_has_changed(self, opened):
        changed = {**opened.files, "specs/laws.py": b"# another\n"}
        canaries = draw("a", changed, own_specs(), opened.curriculum)
        assert {one.kind for one in canaries} == {"plain"}


def one(passes, spec="specs/test_02_activations.py::TestRelu::test_keeps_integers"):
    return Canary(spec, "values", passes, 0, False, 3.0)


@pytest.mark.parametrize(
    ("came_to", "unit", "wrong", "silent"),
    [
        ([[0, "passed"], [1, "wrong"]], "passed", 0, False),
        ([[0, "passed"], [1, "broken"]], "passed", 0, False),
        ([[0, "passed"], [1, "passed"]], "passed", 1, False),
        ([[0, "passed"], [1, "passed"]], "wrong", 1, False),
        ([[0, "wrong"], [1, "wrong"]], "passed", 1, False),
        ([[0, "broken"], [1, "wrong"]], "wrong", 0, False),
        ([[0, "passed"]], "passed", 0, True),
        ([[0, "passed"]], "locked", 0, False),
        ([[0, "not run"], [1, "wrong"]], "passed", 0, True),
        ([], "passed", 0, True),
        ([], "wrong", 0, False),
        ("", "wrong", 0, True),
        ({}, "wrong", 0, True),
    ],
)
def test_what_is_made_of_what_canaries_came_to(came_to, unit, wrong, silent):
    text = came_to if isinstance(came_to, str) else json.dumps(came_to)
    states = {"checkpoint-02": State(unit)}
    found = heard([one(True), one(False)], text, states, kit.course())
    assert (len(found.wrong), found.silent) == (wrong, silent)


@pytest.mark.skipif(not linux.is_here(), reason="canaries are planted where workers are forks")
class TestColors:
    """Every canary that can be drawn has its color, on a right solution and on none at all."""

    @pytest.mark.parametrize("solution", ["--reference", "--no-gate"])
    @pytest.mark.parametrize("name", ["02_activations", *(["all"] if is_long() else [])])
    def test_are_certain(self, opened, tmp_path, name, solution):
        paths = [path for path in sorted(opened.files) if path.startswith("specs/test_")]
        paths = paths if name == "all" else [f"specs/test_{name}.py"]
        canaries = [one for path in paths for one in every_canary(opened, path)]
        words = (solution, "--no-gate", f"--ledger={tmp_path / 'ledger'}", *paths)
        came_to, done = planted_run(kit.ROOT, canaries, *words)
        assert len(came_to) == len(canaries) > 20
        for number, one in enumerate(canaries):
            assert (came_to[number] == "passed") == one.passes, one
        assert f"{len(canaries)} failed" not in done.stdout

    def test_show_nowhere(self, tmp_path):
        root = toy.build(tmp_path)
        toy.solve(root, "adding", "doubling", "squaring")
        opened = open_kit(root, None, {})
        canaries = draw("a", opened.files, own_specs(), opened.curriculum)
        words = ["--tinytorch-json=progress.json", "-v", "--durations=0", "--durations-min=0"]
        came_to, done = planted_run(root, canaries, *words, "--junitxml=junit.xml")
        plain = toy.pytest_in(root, "--isolate", *words[1:], "--junitxml=plain.xml", cold=True)
        assert len(came_to) == len(canaries)
        assert done.returncode == 0
        for sign in ("PASSED", "FAILED", " call ", "collected"):
            assert done.stdout.count(sign) == plain.output.count(sign), sign
        cases = [
            (root / name).read_text().count("<testcase") for name in ("junit.xml", "plain.xml")
        ]
        assert cases == [8, 8]
        found = json.loads((root / "progress.json").read_text(encoding="utf-8"))
        assert found["units"].keys() == plain.json["units"].keys()
        assert {one["state"] for one in found["units"].values()} == {"passed"}


@pytest.mark.skipif(not linux.is_here(), reason="canaries are planted where workers are forks")
def test_canaries_change_no_example(tmp_path):
    """A property draws what it draws without them, from its first example on; so do those behind it."""
    folder, file = tmp_path / "asked", "specs/test_01_adding.py"
    root = toy.build(tmp_path / "kit")
    toy.write(root, {"tinytorch/adding.py": NOTING.format(folder=str(folder))})
    toy.write(root, {file: toy.SPECS[file].replace("class TestNegate:", MORE)})
    toy.remake_manifest(root)
    opened = open_kit(root, None, {})
    canaries = every_canary(opened, file)
    assert {one.ahead for one in canaries} == {True, False}
    found = []
    for planted in ([], canaries):
        folder.mkdir()
        planted_run(root, planted, "--no-gate", file)
        found.append({one.name: one.read_text(encoding="utf-8") for one in folder.iterdir()})
        shutil.rmtree(folder)
    plain, noted = found
    assert {name: text.count("\n") for name, text in plain.items()} == {"sum": 100, "order": 100}
    assert {name: noted[name][: len(text)] for name, text in plain.items()} == plain
    assert all(len(noted[name]) > len(text) for name, text in plain.items())


class TestGrading:
    def graded(self, folder, *options, cwd, monkeypatch):
        monkeypatch.chdir(cwd)
        monkeypatch.setenv(MARK, str(os.getpid()))
        words = [folder / "desk", "--out", folder / "out", "--env", MARK, "--jobs", "2", *options]
        kit.tito("grade", *map(str, words), code=None)
        assert processes() == []
        return table(folder / "out")

    def test_patched_judges_void_the_run(self, tmp_path, monkeypatch):
        needed_sandbox()
        chosen = one_in(4, [*CHEATS])
        for name in chosen:
            hand_in(tmp_path / "desk" / name, {"activations": WRONG + "\n\n" + CHEATS[name]})
        given = {"cwd": kit.ROOT, "monkeypatch": monkeypatch}
        rows = self.graded(tmp_path, "--checkpoint", "02", "--borrow", "01", **given)
        for name in chosen:
            row = rows[name]
            assert (row["ending"], row["points"]) == ("untrusted", "0"), (name, row["flags"])
            assert "the run is void: " in row["flags"]
            place = tmp_path / "out" / "submissions" / name
            for file in ("feedback.md", "gradescope.json"):
                text = (place / file).read_text(encoding="utf-8")
                assert "cannot be trusted" in text
                assert "canar" not in text
                assert "planted" not in text
            grade = parse_grade((place / "grade.json").read_bytes())
            assert (grade.ending, len(grade.seed)) == (Ending.UNTRUSTED, 32)
        said = kit.tito(
            *("grade", str(tmp_path / "desk"), "--out", str(tmp_path / "out")),
            *("--checkpoint", "02", "--borrow", "01", "--env", MARK),
        )
        assert said.startswith(f"0 of {len(chosen)} to grade")

    def test_what_judges_cannot_be_imported(self, tmp_path, monkeypatch):
        needed_sandbox()
        toy.build(tmp_path / "kit")
        asks = "\n\nimport importlib\nimportlib.import_module('specs.test_03_squaring')\n"
        hand_in(tmp_path / "desk" / "a", {**SOLVED, "squaring": SOLVED["squaring"] + asks})
        rows = self.graded(tmp_path, cwd=tmp_path / "kit", monkeypatch=monkeypatch)
        assert (rows["a"]["points"], rows["a"]["03 squaring"]) == ("3", "0")
        page = (tmp_path / "out/submissions/a/feedback.md").read_text(encoding="utf-8")
        assert "tinytorch may not import specs.test_03_squaring" in page

    @pytest.mark.skipif(not is_long(), reason="200 runs: `TINYTORCH_LONG=1`")
    def test_honest_runs_are_never_void(self, tmp_path, monkeypatch):
        needed_sandbox()
        toy.build(tmp_path / "kit")
        for name, modules in DESK.items():
            for number in range(40):
                hand_in(tmp_path / "desk" / f"{name} {number}", modules)
        rows = self.graded(tmp_path, cwd=tmp_path / "kit", monkeypatch=monkeypatch)
        assert len(rows) == 40 * len(DESK)
        for name, row in rows.items():
            worth = WORTH[name.rpartition(" ")[0]]
            assert (row["ending"], row["points"]) == ("graded", str(worth.count("1")))
