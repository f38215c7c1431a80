"""The files of the toy workspace, for every content that a world can name."""

from __future__ import annotations

import re
from pathlib import Path

from pytest_tinytorch.course.options import WORKSPACE_FILE
from tests.proofs.verdicts.world import SPECS, World
from tests.support import toy

ADD = toy.REFERENCE["adding"]
DOUBLE = toy.REFERENCE["doubling"]
SQUARE = toy.REFERENCE["squaring"]
STUB = 'raise NotImplementedError("{}")'
BROKEN = "def broken(:\n"
DIVE = "    while True:\n        pass\n"


def commented(text: str) -> str:
    """The same code with comments and other layout."""
    return "# Mine.\n\n" + text.replace("    return", "    # So it is.\n\n    return")


def stubbed(text: str, *exercises: tuple[str, str]) -> str:
    for body, message in exercises:
        text = text.replace(body, STUB.format(message))
    return text


SUM, OPPOSITE = ("return x + y", "01 adding: add"), ("return -x", "01 adding: negate")
CRASH = "import os\nos.abort()\n"
EXIT = "raise SystemExit(0)\n"
MODULES = {
    "adding": {
        "right": ADD,
        "commented": commented(ADD),
        "wrong": ADD.replace("return x + y", "return x + y + 1"),
        "untouched": stubbed(ADD, SUM, OPPOSITE),
        "half": stubbed(ADD, OPPOSITE),
        "helped": "from toyhelper import plus\n" + ADD.replace("x + y", "plus(x, y)"),
        "fed": ADD.replace(
            "return x + y",
            "from pathlib import Path\n"
            '    file = Path(__file__).with_name("offset.txt")\n'
            '    return x + y + int(file.read_text(encoding="utf-8"))',
        ),
        "documented well": ADD.replace("The sum.", "plus 0").replace(
            "x + y", "x + y + int(add.__doc__[-1])"
        ),
        "documented badly": ADD.replace("The sum.", "plus 1").replace(
            "x + y", "x + y + int(add.__doc__[-1])"
        ),
        "broken": ADD + BROKEN,
        "exits": ADD + EXIT,
        "hangs": ADD.replace("    return x + y", DIVE),
        "crashes": ADD.replace("return x + y", "import os\n    os.abort()"),
    },
    "doubling": {
        "right": DOUBLE,
        "commented": commented(DOUBLE),
        "wrong": DOUBLE.replace("add(x, x)", "3 * x"),
        "untouched": stubbed(DOUBLE, ("return add(x, x)", "02 doubling: double")),
        "broken": DOUBLE + BROKEN,
        "exits": DOUBLE + EXIT,
    },
    "squaring": {
        "right": SQUARE,
        "commented": commented(SQUARE),
        "wrong": SQUARE.replace("x * x", "x * x + 1"),
        "untouched": stubbed(SQUARE, ("return x * x", "03 squaring: square")),
        "broken": SQUARE + BROKEN,
        "exits": SQUARE + EXIT,
        "crashes": CRASH + SQUARE,
    },
}

THRESHOLD = """
        from pathlib import Path

        from pytest_tinytorch.api import curriculum

        course = curriculum(Path(__file__).parents[2])
        least = course.unit("milestone-01").thresholds["least"]
        assert result >= least
"""
SPEC_FILES = {
    unit: next(
        f for f in toy.SPECS if f"test_{unit[-2:]}_" in f and (unit[0] == "m") == (f[0] == "m")
    )
    for unit in SPECS
}
CLAIM = re.compile(r"^( +)assert (.*) (?:==|>=) .*$", re.MULTILINE)


def spec_text(unit: str, version: str) -> str:
    """The spec file of a unit: as it is, gone soft or mad, or without its last test."""
    text = toy.SPECS[SPEC_FILES[unit]].replace("\n        assert result >= 4\n", THRESHOLD)
    if version == "lenient":
        return CLAIM.sub(r"\1\2", text)
    if version == "impossible":
        return CLAIM.sub(r'\1assert [\2] == "never"', text)
    if version == "shrunk":
        second = "\n\nclass TestNegate" if unit == "01" else "\n    def test_of_nothing"
        return text.partition(second)[0]
    return text


SWALLOWS = '''"""Lets nothing fail."""

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem):
    try:
        return (yield)
    except AssertionError:
        return True
'''
HELPER = "def plus(x, y):\n    return x + y{}\n"
SHARED = {
    "laws": ("specs/laws.py", {"first": "KIND = 1\n", "second": "KIND = 2\n"}),
    "extra": ("tinytorch/extra.py", {"none": None, "one": "X = 1\n", "two": "X = 2\n"}),
    "data": ("tinytorch/offset.txt", {"good": "0\n", "bad": "1\n"}),
    "helper": ("toyhelper.py", {"good": HELPER.format(""), "bad": HELPER.format(" + 1")}),
    "threshold": (
        "curriculum.toml",
        {n: toy.CURRICULUM.replace("least = 4", f"least = {n}") for n in ("4", "9")},
    ),
    "conftest": ("conftest.py", {"none": None, "harmless": "X = 1\n", "swallows": SWALLOWS}),
}
CONTENTS: dict[str, tuple[str, ...]] = {
    **{module: tuple(texts) for module, texts in MODULES.items()},
    **{thing: tuple(texts) for thing, (_, texts) in SHARED.items()},
    **{f"spec {unit}": ("kit", "lenient", "impossible") for unit in SPECS},
    **{f"spec {unit}": ("kit", "lenient", "impossible", "shrunk") for unit in ("01", "02")},
}
"""Each thing to all that can be in it."""

START = {thing: contents[0] for thing, contents in CONTENTS.items()} | dict.fromkeys(
    MODULES, "untouched"
)


def place_and_text(thing: str, content: str) -> tuple[str, str | None]:
    """The file of a thing, from the root, and what is in it; None if there is no such file."""
    if thing in MODULES:
        return f"tinytorch/{thing}.py", MODULES[thing][content]
    if thing in SHARED:
        place, texts = SHARED[thing]
        return place, texts[content]
    unit = thing.removeprefix("spec ")
    return SPEC_FILES[unit], spec_text(unit, content)


def put(root: Path, thing: str, content: str) -> None:
    """Let a thing of the workspace hold a content, in one step as a good editor saves."""
    place, text = place_and_text(thing, content)
    file = root / place
    if text is None:
        file.unlink(missing_ok=True)
        return
    beside = file.with_name(f"{file.name}.new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(file)


def build(root: Path, world: World) -> Path:
    """A workspace in which everything is as in ``world``."""
    toy.build(root)
    for thing, content in world.items():
        put(root, thing, content)
    return root


def nodeid(unit: str, spec: str) -> str:
    """The node id of a spec."""
    text = toy.SPECS[SPEC_FILES[unit]]
    for owner, name in toy._tests(text):
        if name == f"test_{spec}":
            return f"{SPEC_FILES[unit]}::{owner.split()[1].rstrip(':')}::{name}"
    raise LookupError(f"{unit} has no spec {spec}; is it in {WORKSPACE_FILE}?")
