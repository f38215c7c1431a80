"""Submissions of known worth, made of a worked solution: perfect, empty, half, wrong, hanging, crashing.

python -m tests.grade.known submissions/          # of the kit's 01-03
tito grade submissions/ --checkpoint 01-03 --out graded/
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from textwrap import indent

from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.grade.grades import Ending
from tests.grade.cheats.results import FORGE
from tests.grade.classes import tarred, zipped
from tests.support import kit, toy

NAMES = ("01", "02", "03")


@dataclass(frozen=True)
class Module:
    """A module of a worked solution.

    Attributes:
        number, name: of the module.
        text: its source.
        exercise: one of its functions.
        needs: the numbers of the modules that it needs.
    """

    number: str
    name: str
    text: str
    exercise: str
    needs: tuple[str, ...] = ()


TOYS = {
    "01": Module("01", "adding", toy.REFERENCE["adding"], "negate"),
    "02": Module("02", "doubling", toy.REFERENCE["doubling"], "double", ("01",)),
    "03": Module("03", "squaring", toy.REFERENCE["squaring"], "square"),
}
KITS = {
    "01": Module("01", "tensor", kit.reference_text("tensor"), "stack"),
    "02": Module("02", "activations", kit.reference_text("activations"), "relu", ("01",)),
    "03": Module("03", "layers", kit.reference_text("layers"), "Flatten", ("01",)),
}


@dataclass(frozen=True)
class Change:
    """What a submission does to a module, and what the module is then.

    Attributes:
        state: the state of its checkpoint.
        make: the source of the module with the change; None leaves the module out.
    """

    state: State
    make: Callable[[Module], str | bytes] | None


def inside(body: str, state: State) -> Change:
    """One exercise does something else."""

    def make(module: Module) -> str:
        names = {"number": module.number, "module": module.name, "exercise": module.exercise}
        code = indent(body.format(**names), "    ")
        return f"{module.text}\n\ndef {module.exercise}(*given, **named):\n{code}\n"

    return Change(state, make)


def at_import(code: str, state: State = State.BROKEN) -> Change:
    """The module does something when it is imported."""
    return Change(state, lambda module: f"{module.text}\n\n{code}\n")


HALF = inside("raise NotImplementedError('{number} {module}: {exercise}')", State.TODO)
UNTOUCHED = Change(State.TODO, None)
WRONG = inside("return 1", State.WRONG)
RAISES = inside("raise ArithmeticError('no')", State.WRONG)
HANGS = inside("while True:\n    pass", State.BROKEN)
CRASHES = inside("import os\nos.abort()", State.BROKEN)
EXITS = inside("raise SystemExit(0)", State.WRONG)
SKIPS = inside("import sys\nsys.modules['pytest'].skip('no')", State.WRONG)
HANGS_AT_IMPORT = at_import("while True:\n    pass")
CRASHES_AT_IMPORT = at_import("import os\nos.abort()")
NO_PYTHON = at_import("def broken(:")
NOT_UTF_8 = Change(State.BROKEN, lambda module: module.text.encode() + b"\nNAME = '\xff\xfe'\n")
EMPTY = Change(State.BROKEN, lambda module: "")
WITHOUT_A_NAME = Change(State.BROKEN, lambda module: f"{module.text}\n\ndel {module.exercise}\n")


def wrong_and(code: str) -> Change:
    """One exercise is wrong, and the module does something when it is imported."""
    return Change(State.WRONG, lambda module: f"{wrong(module)}\n\n{FORGE}{code}\n")


def wrong(module: Module) -> str | bytes:
    """A module with a wrong exercise."""
    assert WRONG.make is not None
    return WRONG.make(module)


WRONG_AND_FORGES = wrong_and("import atexit\natexit.register(forge)")
WRONG_AND_ENDS_THE_JUDGE = wrong_and("forge()\nos.kill(os.getppid(), signal.SIGKILL)")


@dataclass(frozen=True)
class Known:
    """A submission of known worth.

    Attributes:
        name: of the submission.
        changes: the number of a module to what is done to it.
        packed: how it is handed in, if not as a folder.
        ending: how its grading ends. Only one that is graded has states.
        flag: what its row says.
    """

    name: str
    changes: Mapping[str, Change] = field(default_factory=dict)
    packed: Callable[[Path, dict[str, bytes]], object] | None = None
    ending: Ending = Ending.GRADED
    flag: str = ""

    def states(self, modules: Mapping[str, Module]) -> dict[str, State]:
        """The state of each checkpoint: what needs one that is not passed is locked."""
        found: dict[str, State] = {}
        for number, module in modules.items():
            locked = any(found[need] != State.PASSED for need in module.needs)
            own = self.changes[number].state if number in self.changes else State.PASSED
            found[number] = State.LOCKED if locked else own
        return found

    def hand_in(self, desk: Path, modules: Mapping[str, Module]) -> None:
        """Put the submission into a folder of submissions."""
        contents = dict(self.contents(modules))
        if self.packed is not None:
            self.packed(desk / self.name, contents)
            return
        for path, data in contents.items():
            file = desk / self.name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)

    def contents(self, modules: Mapping[str, Module]) -> Sequence[tuple[str, bytes]]:
        """Path to content of each file."""
        found = [("tinytorch/mine.py", b"# Notes.\n")]
        for number, module in modules.items():
            change = self.changes.get(number)
            made = module.text if change is None else change.make and change.make(module)
            if made is not None:
                data = made if isinstance(made, bytes) else made.encode("utf-8")
                found.append((f"tinytorch/{module.name}.py", data))
        return found


def archived(ending: str, around: str, place: Path, contents: dict[str, bytes]) -> None:
    """A zip or a tarball with a folder around the package."""
    make = zipped if ending == "zip" else tarred
    files = {f"{around}{path}": data for path, data in contents.items()}
    make(place.with_name(f"{place.name}.{ending}"), files)


def nothing(place: Path, contents: dict[str, bytes]) -> None:
    """An empty folder."""
    place.mkdir(parents=True)


def other_things(place: Path, contents: dict[str, bytes]) -> None:
    """A folder without the package."""
    nothing(place, contents)
    (place / "essay.txt").write_text("I could not do it.\n", encoding="utf-8")


def one(change: Change, *numbers: str) -> dict[str, Change]:
    """The same change to some modules."""
    return dict.fromkeys(numbers, change)


KNOWN = (
    Known("perfect"),
    Known("perfect, a zip", packed=partial(archived, "zip", "ann/my-torch-main/")),
    Known("perfect, a tarball", packed=partial(archived, "tar.gz", "")),
    Known("empty", packed=nothing, ending=Ending.REFUSED, flag="no folder tinytorch/"),
    Known("an essay", packed=other_things, ending=Ending.REFUSED, flag="no folder tinytorch/"),
    Known(
        "leads out",
        packed=partial(archived, "zip", "../"),
        ending=Ending.REFUSED,
        flag="leads out of it",
    ),
    Known("untouched", one(UNTOUCHED, *NAMES)),
    Known("only 01", one(UNTOUCHED, "02", "03")),
    Known("only 01 and 02", one(UNTOUCHED, "03")),
    Known("only 01 and 03", one(UNTOUCHED, "02")),
    Known("only 02 and 03", one(UNTOUCHED, "01")),
    Known("half of 01", one(HALF, "01")),
    *(Known(f"wrong in {number}", one(WRONG, number)) for number in NAMES),
    Known("wrong in all", one(WRONG, *NAMES)),
    Known("wrong in 02, and no 03", {"02": WRONG, "03": UNTOUCHED}),
    *(Known(f"hanging in {number}", one(HANGS, number)) for number in NAMES),
    Known("hanging as 03 is imported", one(HANGS_AT_IMPORT, "03")),
    *(Known(f"crashing in {number}", one(CRASHES, number)) for number in NAMES),
    Known("crashing as 02 is imported", one(CRASHES_AT_IMPORT, "02")),
    Known("raising in 03", one(RAISES, "03")),
    Known("ending the program in 02", one(EXITS, "02")),
    Known("skipping 03", one(SKIPS, "03")),
    Known("no Python in 01", one(NO_PYTHON, "01")),
    Known("no Python in 03", one(NO_PYTHON, "03")),
    Known("not UTF-8 in 02, Łukasz Żółć 陈", one(NOT_UTF_8, "02")),
    Known("an empty 03", one(EMPTY, "03")),
    Known("a name missing in 02", one(WITHOUT_A_NAME, "02")),
    Known("wrong in 03, forging the rest", one(WRONG_AND_FORGES, "03")),
    Known(
        "wrong in 03, ending the judge",
        one(WRONG_AND_ENDS_THE_JUDGE, "03"),
        ending=Ending.ENDED,
        flag="pytest ended with code -9",
    ),
)


def hand_in_all(desk: Path, modules: Mapping[str, Module], known: Sequence[Known] = KNOWN) -> None:
    """Put submissions into a new folder."""
    desk.mkdir(parents=True)
    for submission in known:
        submission.hand_in(desk, modules)


if __name__ == "__main__":
    hand_in_all(Path(sys.argv[1]), KITS)
