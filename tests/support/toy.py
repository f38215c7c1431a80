"""A workspace of three toy modules and two milestones, to try the plugin on in a moment."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pytest_tinytorch.course.options import WORKSPACE_FILE
from tests.support import warm

CURRICULUM = """
title = "Toy"

[[checkpoints]]
number = "00"
name = "environment"
title = "Environment"
stars = 1
question = "Is everything ready?"
capability = "The toy workspace runs."
builds = "Nothing."

[[checkpoints]]
number = "01"
name = "adding"
title = "Adding"
needs = ["00"]
stars = 1
question = "Can I add?"
capability = "I can add."
builds = "add, negate"
[checkpoints.hints]
"add" = ["What is a sum?", "Which operator adds?", "Return x plus y."]
"negate" = ["What is zero minus x?", "Which operator negates?", "Return minus x."]

[[checkpoints]]
number = "02"
name = "doubling"
title = "Doubling"
needs = ["01"]
stars = 2
question = "Can I double?"
capability = "I can double."
builds = "double"
[checkpoints.hints]
"double" = ["Twice?", "Add what to what?", "Add x to itself."]

[[checkpoints]]
number = "03"
name = "squaring"
title = "Squaring"
needs = ["00"]
stars = 3
question = "Can I square?"
capability = "I can square."
builds = "square"
[checkpoints.hints]
"square" = ["A power?", "Which?", "Times itself."]

[[milestones]]
number = "01"
year = 1901
name = "sums"
title = "Sums"
needs = ["02"]
capability = "I have doubled a sum."
builds = "doubling a sum"
badge = "Adder"
challenge = "squares"
thresholds = { least = 4 }
shows = { "doubled sum" = "least" }

[[milestones]]
number = "02"
year = 1902
name = "squares"
title = "Squares"
needs = ["03"]
capability = "I have squared a double."
builds = "squaring a double"
badge = "Squarer"
challenge = "nothing more"

[[tiers]]
name = "First"
checkpoints = ["01", "02"]

[[tiers]]
name = "Second"
checkpoints = ["03"]

[[stages]]
name = "Second"
checkpoints = ["02"]

[[paths]]
name = "short"
checkpoints = ["01", "02"]

[[paths]]
name = "doubles"
checkpoints = ["02"]
weeks = "1"

[[paths]]
name = "squares"
checkpoints = ["03"]
"""

REFERENCE = {
    "__init__": '"""Toy."""\n',
    "adding": '''"""01 · Adding."""


def add(x, y):
    """The sum."""
    return x + y


def negate(x):
    """The opposite."""
    return -x
''',
    "doubling": '''"""02 · Doubling."""

from tinytorch.adding import add


def double(x):
    """Twice x."""
    return add(x, x)
''',
    "squaring": '''"""03 · Squaring."""


def square(x):
    """x times x."""
    return x * x
''',
}

SPECS = {
    "specs/__init__.py": "",
    "specs/test_00_environment.py": '''"""00."""


class TestPython:
    """python"""

    def test_runs(self):
        """Python runs."""
        assert 1 + 1 == 2
''',
    "specs/test_01_adding.py": '''"""01."""

from hypothesis import given, strategies as st


class TestAdd:
    """sums"""

    @given(st.integers(), st.integers())
    def test_is_the_sum(self, x, y):
        """add(x, y) equals x + y."""
        from tinytorch.adding import add

        assert add(x, y) == x + y


class TestNegate:
    """opposites"""

    def test_is_the_opposite(self):
        """negate(x) equals -x."""
        from tinytorch.adding import negate

        assert negate(3) == -3
''',
    "specs/test_02_doubling.py": '''"""02."""


class TestDouble:
    """doubles"""

    def test_is_twice(self):
        """double(x) equals 2 x."""
        from tinytorch.doubling import double

        assert double(3) == 6

    def test_of_nothing(self):
        """double(0) is 0."""
        from tinytorch.doubling import double

        assert double(0) == 0
''',
    "specs/test_03_squaring.py": '''"""03."""


class TestSquare:
    """squares"""

    def test_is_the_square(self):
        """square(x) equals x * x."""
        from tinytorch.squaring import square

        assert square(3) == 9
''',
    "milestones/01_1901_sums/test_01_sums.py": '''"""1901."""


class TestSums:
    """doubles of sums"""

    def test_doubles_a_sum(self, record_property):
        """A doubled sum is large enough."""
        from tinytorch.adding import add
        from tinytorch.doubling import double

        result = double(add(1, 1))
        record_property("doubled sum", result)
        assert result >= 4
''',
    "milestones/02_1902_squares/test_02_squares.py": '''"""1902."""


class TestSquares:
    """squares of doubles"""

    def test_squares(self):
        """A square is one."""
        from tinytorch.squaring import square

        assert square(4) == 16
''',
}

CONFIGURATION = """
[pytest]
addopts = -p tinytorch
testpaths = specs milestones
tinytorch_curriculum = curriculum.toml
"""

PLUGINS = Path(__file__).with_name("plugins")
"""On the path of runs that ask for one of them."""


@dataclass(frozen=True)
class Run:
    """What came of one run of pytest."""

    code: int
    output: str
    json: dict
    cpu: float | None = None  # seconds, where they are measured

    @property
    def states(self) -> dict[str, str]:
        """Unit to state, by short names: ``01``, and ``m01`` for milestones."""
        units = self.json.get("units", {})
        return {short(unit): entry["state"] for unit, entry in units.items()}

    def passed(self) -> set[str]:
        return {unit for unit, state in self.states.items() if state == "passed"}


def short(unit_id: str) -> str:
    return unit_id.replace("checkpoint-", "").replace("milestone-", "m")


def pytest_in(
    root: Path,
    *arguments: str,
    shuffle: int | None = None,
    timeout: int = 600,
    cold: bool = False,
    variables: Mapping[str, str] | None = None,
    cache: bool = False,
) -> Run:
    """Run pytest in ``root`` as a learner would, in a process of its own, with these ``variables``.

    It is forked from one that has its imports done, where that can be; not if ``cold``, nor with
    workers, which are new processes anyway. ``cache``: let pytest remember what failed.
    """
    environment = warm.learners_environment() | dict(variables or {})
    environment |= {"PYTHONPATH": str(PLUGINS)}
    file = root / ".tinytorch" / f"progress-{os.getpid()}.json"
    file.unlink(missing_ok=True)
    options = [*arguments, f"--tinytorch-json={file}"]
    options += [] if cache else ["-p", "no:cacheprovider"]
    if shuffle is not None:
        environment |= {"SHUFFLE_SEED": str(shuffle)}
        options += ["-p", "shuffle_plugin"]
    cold = cold or "-n" in arguments or not warm.possible()
    run = warm.run_cold if cold else warm.server().run
    done = run(options, root, environment, timeout)
    found = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    cpu = getattr(done, "cpu", None)
    return Run(done.returncode, done.stdout + done.stderr, found, cpu)


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def build(root: Path) -> Path:
    """A fresh toy workspace with untouched stubs."""
    from pytest_tinytorch.course import curriculumfile
    from pytest_tinytorch.evidence import manifest
    from pytest_tinytorch.kit import stubs

    write(root, {"curriculum.toml": CURRICULUM, "pytest.ini": CONFIGURATION, **SPECS})
    write(root, {f"reference/tinytorch/{n}.py": text for n, text in REFERENCE.items()})
    course = curriculumfile.load_curriculum(root / "curriculum.toml")
    for name, text in stubs.generate_stubs(course, root / "reference").items():
        write(root, {f"tinytorch/{name}": text})
    nodeids = [
        f"{file}::{line.split()[1].split(':')[0]}::{name}"
        for file, text in SPECS.items()
        for line, name in _tests(text)
    ]
    write(root, {WORKSPACE_FILE: manifest.manifest_text(manifest.specs_by_unit(course, nodeids))})
    share_constants(root)
    return root


def share_constants(root: Path) -> None:
    """Let Hypothesis find here what it has parsed in our own folder.

    It looks for constants in every module that is not installed: those of the plugin, while it is developed.
    To parse them all takes a new process as long as anything else that it does.
    """
    if os.name == "posix":
        ours, here = Path(__file__).parents[2] / ".hypothesis/constants", root / ".hypothesis"
        ours.mkdir(parents=True, exist_ok=True)
        here.mkdir(exist_ok=True)
        if not (here / "constants").exists():
            (here / "constants").symlink_to(ours, target_is_directory=True)


def remake_manifest(root: Path) -> None:
    """List the specs anew that the files have now, as a maintainer does."""
    from pytest_tinytorch.course import curriculumfile
    from pytest_tinytorch.evidence import manifest

    course = curriculumfile.load_curriculum(root / "curriculum.toml")
    found = pytest_in(root, "--collect-only", "--tinytorch-nodeids", "-q").output.splitlines()
    nodeids = [line.removeprefix("nodeid ") for line in found if line.startswith("nodeid ")]
    write(root, {WORKSPACE_FILE: manifest.manifest_text(manifest.specs_by_unit(course, nodeids))})


def solve(root: Path, *modules: str) -> None:
    """Put the reference's solution of some modules in the student's place."""
    for module in modules:
        write(root, {f"tinytorch/{module}.py": REFERENCE[module]})


def _tests(text: str) -> list[tuple[str, str]]:
    """(class line, test name) of each test in a spec file."""
    found, owner = [], ""
    for line in text.splitlines():
        if line.startswith("class "):
            owner = line
        elif line.strip().startswith("def test_"):
            found.append((owner, line.split("def ")[1].partition("(")[0]))
    return found
