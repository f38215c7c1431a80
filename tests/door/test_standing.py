"""What a verdict stands on, in whole runs: nothing that could change it can change unnoticed."""

from __future__ import annotations

import json

import pytest

from pytest_tinytorch.evidence import ledger
from tests.support import toy

RIGHT = toy.REFERENCE["adding"]
WRONG = RIGHT.replace("x + y", "x - y")
WORKERS = pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["plain", "workers"])
SQUARING = toy.REFERENCE["squaring"]
READS_DATA = SQUARING.replace(
    "return x * x",
    "from pathlib import Path\n    text = Path(__file__).with_name('power.txt').read_text()\n"
    "    return x ** int(text)",
)
READS_DOCSTRING = SQUARING.replace('"""x times x."""', '"""2"""').replace(
    "x * x", "x ** int(square.__doc__)"
)
USES_HELPER = SQUARING.replace("return x * x", "import powers\n    return x ** powers.TWO")
SWALLOWS = """\
import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    try:
        return (yield)
    except AssertionError:
        return None
"""


@pytest.fixture
def root(tmp_path):
    """A toy workspace with everything solved, and nothing proved."""
    root = toy.build(tmp_path)
    toy.solve(root, "adding", "doubling", "squaring")
    return root


def events(root):
    return ledger.read_ledger(root / ".tinytorch" / "ledger.jsonl").events


def told(root, unit):
    """What the ledger says of a unit, in order."""
    return [str(event.verdict) for event in events(root) if event.unit == unit]


def known(root):
    """Unit to state without running anything but 00."""
    return toy.pytest_in(root, "--checkpoint=00").states


class TestAPassDoesNotSurvive:
    def passes_until(self, root, unit, old, new):
        """A pass is gone with the new text of some files, and back with the old."""
        toy.write(root, old)
        run = toy.pytest_in(root)
        assert run.states[unit] == "passed", run.output
        toy.write(root, new)
        assert known(root)[unit] == "stale"
        toy.write(root, old)
        assert known(root)[unit] == "passed"

    def test_an_edit_of_data_in_the_package(self, root):
        source = {"tinytorch/squaring.py": READS_DATA}
        name = "tinytorch/power.txt"
        self.passes_until(root, "03", source | {name: "2"}, {name: "3"})
        toy.write(root, {name: "3"})
        assert toy.pytest_in(root).states["03"] == "wrong"

    def test_an_edit_of_a_docstring_that_the_code_reads(self, root):
        name = "tinytorch/squaring.py"
        new = READS_DOCSTRING.replace('"""2"""', '"""3"""')
        self.passes_until(root, "03", {name: READS_DOCSTRING}, {name: new})

    def test_another_threshold(self, root):
        new = toy.CURRICULUM.replace("least = 4", "least = 5")
        name = "curriculum.toml"
        self.passes_until(root, "m01", {name: toy.CURRICULUM}, {name: new})

    def test_another_manifest(self, root):
        name = "specs/manifest.json"
        text = (root / name).read_text(encoding="utf-8")
        table = json.loads(text)
        table["checkpoint-03"].append("specs/test_03_squaring.py::TestSquare::test_more")
        self.passes_until(root, "03", {name: text}, {name: json.dumps(table)})

    def test_another_data_set(self, root):
        name = "datasets/digits/train.txt"
        self.passes_until(root, "m02", {name: "1"}, {name: "2"})

    @WORKERS
    def test_a_conftest_that_swallows_errors_once_that_is_gone(self, root, workers):
        toy.write(root, {"conftest.py": SWALLOWS, "tinytorch/adding.py": WRONG})
        assert toy.pytest_in(root, *workers).states["01"] == "passed"
        (root / "conftest.py").unlink()
        assert known(root)["01"] == "stale"
        assert toy.pytest_in(root, *workers).states["01"] == "wrong"

    @WORKERS
    def test_an_edit_of_a_helper_beside_the_package(self, root, workers):
        toy.write(root, {"tinytorch/squaring.py": USES_HELPER, "powers.py": "TWO = 2\n"})
        run = toy.pytest_in(root, *workers)
        assert run.states["03"] == "passed", run.output
        assert all([*event.helpers] == ["powers.py"] for event in events(root))
        toy.write(root, {"powers.py": "TWO = 3\n"})
        assert known(root)["03"] == "stale"
        assert toy.pytest_in(root, "--checkpoint=03", *workers).states["03"] == "wrong"
        toy.write(root, {"powers.py": "TWO = 2\n"})
        assert known(root)["03"] == "passed"
        (root / "powers.py").unlink()
        assert known(root)["03"] == "stale"

    def test_no_file_of_the_kit_is_a_helper(self, root):
        toy.write(root, {"conftest.py": "", "specs/laws.py": "", "milestones/__init__.py": ""})
        text = toy.SPECS["specs/test_03_squaring.py"]
        toy.write(
            root, {"specs/test_03_squaring.py": text.replace('"""03."""', "import specs.laws")}
        )
        assert toy.pytest_in(root).code == 0
        assert all(event.helpers == {} for event in events(root))


PROFILE = """\
from hypothesis import Phase, settings

settings.register_profile("mine", settings.get_profile("learn"), {asked})
"""


class TestExamples:
    @pytest.mark.parametrize(
        ("asked", "says", "workers"),
        [
            ("max_examples=1", "1 example per spec", ()),
            ("max_examples=24", "24 examples per spec", ("-n", "2")),
            ("phases=[Phase.explicit]", "0 examples per spec", ()),
        ],
    )
    def test_fewer_than_a_learner_draws_grant_nothing(self, root, asked, says, workers):
        toy.write(root, {"conftest.py": PROFILE.format(asked=asked)})
        run = toy.pytest_in(root, "--hypothesis-profile=mine", *workers)
        assert f"! grants nothing: {says}, at least 25 are needed" in run.output
        assert (run.passed(), run.code, events(root)) == (set(), 1, ())

    def test_fewer_by_a_specs_own_settings_grant_nothing(self, root):
        text = toy.SPECS["specs/test_01_adding.py"]
        text = text.replace("import given,", "import given, settings,")
        text = text.replace("    @given(", "    @settings(max_examples=3)\n    @given(")
        toy.write(root, {"specs/test_01_adding.py": text})
        run = toy.pytest_in(root)
        assert "! grants nothing: 3 examples per spec, at least 25 are needed" in run.output
        assert (run.passed(), events(root)) == (set(), ())

    def test_what_is_proved_stays_so(self, root):
        assert toy.pytest_in(root).code == 0
        options = ["-p", "glance_plugin", "--hypothesis-profile=glance", "--checkpoint=02"]
        run = toy.pytest_in(root, *options)
        assert run.states["02"] == "passed"
        assert {str(event.verdict) for event in events(root)} == {"passed"}

    def test_more_grant(self, root):
        assert toy.pytest_in(root, "--hypothesis-profile=ci").code == 0


SAVES = """\
from pathlib import Path

ROOT = Path(__file__).parent


def save(config, moment):
    text = ROOT / moment
    if not hasattr(config, "workerinput") and text.is_file():
        (ROOT / "{name}").write_text(text.read_text(encoding="utf-8"), encoding="utf-8")


def pytest_sessionstart(session):
    save(session.config, "during.txt")


def pytest_sessionfinish(session):
    save(session.config, "after.txt")
"""
"""A conftest that saves a file once the run has begun, before any spec is collected, and at its end."""


def saving(root, name, during, after):
    """Let runs be such that a file is saved."""
    toy.write(root, {"conftest.py": SAVES.format(name=name)})
    toy.write(root, {"during.txt": during, "after.txt": after})


class TestSavesDuringARun:
    @WORKERS
    @pytest.mark.parametrize("proved", [False, True])
    def test_what_is_saved_is_not_what_is_judged(self, root, workers, proved):
        saving(root, "tinytorch/adding.py", RIGHT, RIGHT)
        if proved:
            assert toy.pytest_in(root).code == 0
        saving(root, "tinytorch/adding.py", WRONG, WRONG)
        run = toy.pytest_in(root, *workers)
        assert run.states["01"] == run.states["02"] == "stale", run.output
        assert run.states["03"] == "passed"
        assert "01 adding changed during the run: run it again" in run.output
        assert (told(root, "checkpoint-01"), run.code) == (["passed"], 1)
        saving(root, "tinytorch/adding.py", RIGHT, RIGHT)  # undoing the edit brings the proof back
        toy.write(root, {"tinytorch/adding.py": RIGHT})
        assert known(root)["01"] == "passed"

    @WORKERS
    def test_what_was_right_only_while_it_ran_never_passed(self, root, workers):
        toy.write(root, {"tinytorch/adding.py": WRONG})
        saving(root, "tinytorch/adding.py", RIGHT, WRONG)
        run = toy.pytest_in(root, *workers)
        assert (run.states["01"], run.code) == ("wrong", 1), run.output
        assert told(root, "checkpoint-01") == ["wrong"]

    @WORKERS
    def test_a_module_that_is_made_meanwhile_is_not_there(self, root, workers):
        text = RIGHT.replace(
            "return x + y", "from tinytorch.more import ONE\n    return x + y * ONE"
        )
        toy.write(root, {"tinytorch/adding.py": text})
        saving(root, "tinytorch/more.py", "ONE = 1\n", "ONE = 2\n")
        run = toy.pytest_in(root, *workers)
        assert run.states["01"] in ("wrong", "broken"), run.output
        assert "passed" not in told(root, "checkpoint-01")

    @WORKERS
    def test_data_that_was_written_leaves_no_verdict(self, root, workers):
        toy.write(root, {"tinytorch/squaring.py": READS_DATA, "tinytorch/power.txt": "3"})
        saving(root, "tinytorch/power.txt", "2", "3")
        run = toy.pytest_in(root, *workers)
        assert run.states["03"] == "stale", run.output
        assert "tinytorch/power.txt changed during the run: run it again" in run.output
        assert (events(root), run.code) == ((), 1)

    @WORKERS
    def test_a_helper_that_was_written_leaves_no_verdict(self, root, workers):
        toy.write(root, {"tinytorch/squaring.py": USES_HELPER, "powers.py": "TWO = 3\n"})
        saving(root, "powers.py", "TWO = 2\n", "TWO = 3\n")
        run = toy.pytest_in(root, *workers)
        assert run.states["03"] == "stale", run.output
        assert "powers.py changed during the run: run it again" in run.output
        assert (events(root), run.code) == ((), 1)

    def test_a_threshold_that_was_written_leaves_no_verdict(self, root):
        easy = toy.CURRICULUM.replace("least = 4", "least = 3")
        saving(root, "curriculum.toml", easy, toy.CURRICULUM)
        run = toy.pytest_in(root)
        assert (run.states["m01"], events(root)) == ("stale", ())
        assert "curriculum.toml changed during the run" in run.output


def test_the_event_says_what_it_was_made_with(root):
    toy.pytest_in(root)
    versions = events(root)[0].versions
    assert {"python", "numpy", "hypothesis", "pytest-tinytorch", "pytest-timeout"} <= {*versions}
