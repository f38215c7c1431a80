"""A class for tests: a toy course, submissions of known worth, and a sandbox if this machine has one."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.grade.course import Course, Late, Limits
from pytest_tinytorch.grade.flags import Flag
from pytest_tinytorch.grade.grades import Ending, Grade, Red, row_of
from pytest_tinytorch.grade.sandbox import NoSandbox, Sandbox, find_sandbox, prepare_check
from pytest_tinytorch.grade.similarity import REFERENCE, Alike, Pair
from pytest_tinytorch.grade.submissions import Submission
from pytest_tinytorch.grade.summary import Graded, Summary, line_of
from pytest_tinytorch.grade.watched import INNER, READY
from tests.proofs.verdicts import materials
from tests.support import kit, toy

NEEDED = "TINYTORCH_SANDBOX"
"""A variable that says that this machine has a sandbox; `.ci/run` sets it for root on Linux."""
MARK = "GRADED_BY"
"""A variable that says which test a process belongs to."""
SOLVED = {name: text for name, text in toy.REFERENCE.items() if name != "__init__"}
BOMB = "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass\n"
DESK = {
    "perfect": SOLVED,
    "half": {"adding": SOLVED["adding"]},
    "wrong": {**SOLVED, "adding": materials.MODULES["adding"]["wrong"]},
    "crashing": {**SOLVED, "squaring": materials.CRASH + SOLVED["squaring"]},
    "not UTF-8 Žółć": {**SOLVED, "squaring": b"NAME = '\xff\xfe'\n" + SOLVED["squaring"].encode()},
}
"""Each submission to what its modules hold."""
WORTH = {"perfect": "11111", "half": "10000", "wrong": "00100", "crashing": "11010"}
WORTH["not UTF-8 Žółć"] = "11010"
"""Each to the points of 01, 02, 03, 1901 and 1902. The last of these needs 03 and 1901."""


def hand_in(folder: Path, modules: dict[str, str | bytes]) -> Path:
    """A submission as a folder."""
    for name, text in modules.items():
        file = folder / "tinytorch" / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return folder


def zipped(file: Path, contents: dict[str, bytes], modes: dict[str, int] | None = None) -> Path:
    """A zip with these files; ``modes`` says which of them are something else."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in contents.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = (modes or {}).get(name, 0o100644) << 16
            archive.writestr(info, data)
    return file


def tarred(file: Path, contents: dict[str, bytes], *others: tarfile.TarInfo) -> Path:
    """A tarball with these files, and with other members."""
    kind = {".gz": "gz", ".xz": "xz", ".bz2": "bz2"}.get(file.suffix, "")
    with tarfile.open(file, f"w:{kind}") as archive:
        for name, data in contents.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for info in others:
            archive.addfile(info)
    return file


@cache
def sandbox() -> Sandbox | str:
    """The sandbox of this machine, or why there is none."""
    try:
        found = find_sandbox(None)
        prepare_check(found, Limits(), Path(__file__).parent)
    except NoSandbox as error:
        return str(error)
    return found


def needed_sandbox() -> Sandbox:
    """The sandbox. Without one the test is skipped, but fails where `NEEDED` says that there must be one."""
    found = sandbox()
    if isinstance(found, str):
        if os.environ.get(NEEDED):
            pytest.fail(f"{NEEDED} is set, and {found}", pytrace=False)
        pytest.skip(found)
    return found


def processes() -> list[int]:
    """Every process of this machine that belongs to a run of this test, by the variable that it has."""
    mine = f"{MARK}={os.getpid()}".encode(), f"{MARK}\0{os.getpid()}\0".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            told = (folder / "environ").read_bytes(), (folder / "cmdline").read_bytes()
            found += [int(folder.name)] if mine[0] in told[0] or mine[1] in told[1] else []
    return [process for process in found if process != os.getpid()]


def graded(states: dict[str, State], **told) -> Grade:
    return Grade(Ending.GRADED, key="k", states=states, sandbox="bubblewrap", **told)


def a_class(count: int = 12, hostile: str = "") -> Summary:
    """The summary of a class without a run: one of each kind."""
    units = [u for u in kit.course().units if (u.source and u.number < "08") or u.year == 1957]
    rows = []
    for number in range(count):
        passed = number % (len(units) + 1)
        states = {u.id: State.PASSED if n < passed else State.WRONG for n, u in enumerate(units)}
        red = [Red(u.id, next(iter(u.hints), ""), "wrong", 2) for u in units[passed:]]
        grade = graded(states, red=tuple(red), cpu=4.0 + number)
        if number == 3:
            grade = Grade(Ending.REFUSED, reason=f"a path leads out of it: ../x{hostile}")
        if number == 5:
            grade = Grade(Ending.ENDED, reason="it did not end within 90 minutes", cpu=3600.0)
        if number in (1, 5):
            where = f"autograd{hostile}.py"
            flags = [Flag(where, 12, "torch", READY), Flag(where, 30, "sys.modules", INNER, more=2)]
            grade = replace(grade, flags=tuple(flags))
        one = Submission(f"s{number:02}{hostile}", f"Łukasz 陈 {hostile}", None, number % 3)
        rows.append(row_of(one, grade, Course(), units))
    graded_units = tuple(Graded(u.id, u.label, 1.0) for u in units)
    lines = tuple(map(line_of, rows))
    options = ("--checkpoint=01-07",)
    pairs = some_pairs([line.id for line in lines], hostile) if count > 4 else ()
    return Summary("Autumn", "d" * 32, options, "bubblewrap", graded_units, lines, pairs=pairs)


FIRST = ("Ada", "Ben", "Chloé", "Dmitri", "Esra", "Fatima", "Goran", "Hana", "Ines", "Jun", "Kofi")
LAST = (
    "Lovelace",
    "Okafor",
    "Żółć",
    "陈",
    "Müller-Lüdenscheidt",
    "García",
    "Haddad",
    "Ito",
    "O’Brien",
)


def a_real_class(count: int = 30) -> Summary:
    """The summary of a class in all of the course: every state and ending, copies, late days."""
    units = [u for u in kit.course().units if u.source or u.is_milestone]
    course = Course(points={u.id: 2.0 for u in units if u.is_milestone}, late=Late(1, 0.1))
    endings = {4: Ending.ABSENT, 9: Ending.ABSENT, 21: Ending.ABSENT, 13: Ending.REFUSED}
    endings |= {17: Ending.ENDED, 23: Ending.UNTRUSTED, 28: Ending.VOID}
    reasons = {
        Ending.ABSENT: "nothing was handed in",
        Ending.REFUSED: "there is no folder tinytorch/ with files of Python in it",
        Ending.ENDED: "it did not end within 90 minutes",
        Ending.UNTRUSTED: "the run is void: the canary TestSoftmax::test_rows_sum_to_one had to fail",
        Ending.VOID: "the workspace: no space left on the device",
    }
    last = (State.WRONG, State.TODO, State.BROKEN, State.NOT_RUN)
    rows = []
    for number in range(count):
        passed = (7 * number) % (len(units) + 3)
        states = {u.id: State.PASSED if n < passed else State.LOCKED for n, u in enumerate(units)}
        states |= {u.id: last[(number + n) % 4] for n, u in enumerate(units[passed : passed + 2])}
        red = [Red(u.id, name, "wrong", 2) for u in units[passed : passed + 2] for name in u.hints]
        grade = graded(states, red=tuple(red[:3]), cpu=20.0 + 3 * passed)
        if ending := endings.get(number):
            grade = Grade(ending, reason=reasons[ending])
        if number in (6, 7, 26):
            found = Flag("optimizers.py", 12, "torch", READY), Flag("tensor.py", 30, "gc", INNER)
            grade = replace(grade, flags=found[: 1 + number % 2])
        name = f"{FIRST[number % len(FIRST)]} {LAST[number % len(LAST)]}"
        one = Submission(f"u{1001 + number}", name, None, number % 4)
        rows.append(row_of(one, grade, course, units))
    lines = tuple(map(line_of, rows))
    own = tuple(Graded(u.id, u.label, course.worth(u)) for u in units)
    ids = [line.id for line in lines]
    bodies = some_pairs(ids, "")[0].bodies
    copies = [Pair(ids[0], ids[n], 420.0 - n, 9, bodies) for n in (1, 2, 3, 8, 11, 12, 14, 15)]
    pairs = (*copies, Pair(ids[5], ids[6], 210.0, 4, bodies[:4]), *some_pairs(ids, "")[1:])
    options = ("--checkpoint=01-20", "--milestone=all")
    return Summary(
        "Deep learning, autumn", "d" * 32, options, "bubblewrap", own, lines, (1, 1), pairs
    )


def some_pairs(ids: list[str], hostile: str) -> tuple[Pair, ...]:
    """Two submissions that are alike, and one that is like the worked solution."""
    names = [
        "Tensor.__init__",
        "softmax",
        "backward",
        "topological_order",
        "Linear.forward",
        "gradient of mul",
    ]
    bodies = tuple(
        Alike(name, f"autograd{hostile}.py:{n}0", f"autograd.py:{n}4", 1 - n / 20, 60.0 - n)
        for n, name in enumerate(names)
    )
    return (
        Pair(ids[1], ids[4], 345.5, 9, bodies),
        Pair(ids[2], REFERENCE, 130.2, 2, bodies[:2]),
    )
