"""Measures what a learner is told of named mistakes: the right exercise, in how many lines, fit to be pasted.

    python -m tests.proofs.blame --each 6           # six mistakes of each module, drawn at random
    python -m tests.proofs.blame 05 09 --each 0     # all mistakes of these modules
    python -m tests.proofs.blame --whole            # each with all specs of its module, as learners do
    python -m tests.proofs.blame --mutants          # the same with changes that `tests.proofs.mutants` makes

Each mistake runs the group of specs that notices it. "Where" and "Next" have to name the function that
the mistake is in, and nothing may send a learner to another checkpoint. What was called is pasted into a
new interpreter, to see whether the same comes again.
"""

from __future__ import annotations

import argparse
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from pytest_tinytorch.course.curriculum import Unit
from tests.proofs.mistakes.catalogue import Mistake, apply
from tests.proofs.mutants import equivalents, mutants_of
from tests.support import kit

FOLDER = kit.ROOT / "tests/proofs/mistakes"
PLACE = re.compile(r"^  Where     (?P<file>\S+?):(?P<line>\d+)(?: in (?P<name>.+))?$", re.MULTILINE)
NEXT = re.compile(r"^ Next\b(?P<text>.*?)\n\S", re.MULTILINE | re.DOTALL)
TASK = re.compile(r"(?P<file>.+?\.py)(?::(?P<line>\d+))?(?P<name>.+?)(?:—|--)")
"""What is next, without its blanks: a long path is folded anywhere."""


MOST_LINES = 60


@dataclass(frozen=True)
class Told:
    """What one mistake made pytest say.

    Attributes:
        where, following: what the first "Where" and "Next" name; empty if nothing.
        right_where, right_next: whether that is the function the mistake is in.
        innocent: the checkpoint that is blamed instead, if any.
        lines: of all that is said of failures.
        called, got: what the first message says was called, and what came or was raised.
        output: all of it.
    """

    unit: Unit
    mistake: Mistake
    where: str
    following: str
    right_where: bool
    right_next: bool
    innocent: str
    lines: int
    called: str
    got: str
    output: str


def mistakes_of(unit: Unit) -> Sequence[Mistake]:
    """The named mistakes of a module."""
    file = FOLDER / f"{unit.number}_{unit.name}.py"
    found = spec_from_file_location(f"mistakes_{unit.number}", file)
    assert found is not None
    assert found.loader is not None
    module = module_from_spec(found)
    found.loader.exec_module(module)
    mistakes: Sequence[Mistake] = module.MISTAKES
    return mistakes


def drawn(units: Sequence[Unit], each: int, seed: int) -> Iterator[tuple[Unit, Mistake]]:
    """So many mistakes of each module; 0 for all."""
    for unit in units:
        mistakes = list(mistakes_of(unit))
        random.Random(f"{seed} {unit.number}").shuffle(mistakes)
        yield from ((unit, mistake) for mistake in mistakes[: each or None])


def drawn_mutants(
    units: Sequence[Unit], each: int, seed: int
) -> Iterator[tuple[Unit, Mistake, str]]:
    """So many changes of each module, each with the source that it makes; 0 for all."""
    listed = equivalents()
    for unit in units:
        left_out = listed.get(unit.name, {})
        found = [one for one in mutants_of(unit) if one.name not in left_out]
        random.Random(f"{seed} {unit.number}").shuffle(found)
        for one in found[: each or None]:
            title = f"{one.before} -> {one.after}"
            yield unit, Mistake(title, of=one.exercise, replace="", by="", turns_red=""), one.source


def tell(unit: Unit, mistake: Mistake, folder: Path, *arguments: str) -> Told:
    """Run what notices a mistake, and read what is said."""
    wrong = apply(kit.reference_text(unit.name), mistake)
    return tell_of(unit, mistake, wrong, folder, f"::{mistake.turns_red}", *arguments)


def tell_of(
    unit: Unit, mistake: Mistake, wrong: str, folder: Path, group: str = "", *arguments: str
) -> Told:
    """Run a group of specs, or all of a module, on a wrong source of it, and read what is said."""
    everything = [other.name for other in kit.modules()]
    source = kit.mixture(folder, everything, {unit.name: wrong})
    ledger = folder / "ledger.jsonl"
    ledger.unlink(missing_ok=True)
    output = kit.run(source, ledger, f"{unit.spec_path}{group}", *arguments).output
    return read(unit, mistake, wrong, output)


def read(unit: Unit, mistake: Mistake, wrong: str, output: str) -> Told:
    """What an output says of the mistake in a module whose source is ``wrong``."""
    names = accepted(unit, mistake, wrong)
    where, last = PLACE.search(output), NEXT.search(output)
    following = TASK.match(squeezed(last["text"])) if last else None
    blame = re.search(r"^  Blame     checkpoint (\d\d)", output, re.MULTILINE)
    return Told(
        unit,
        mistake,
        f"{where['file']}:{where['line']} {where['name']}" if where else "",
        f"{following['file']}:{following['line']} {following['name']}" if following else "",
        where is not None and points_at(where, unit, names),
        following is not None and points_at(following, unit, names),
        blame[1] if blame and blame[1] != unit.number else "",
        lines_of_failures(output),
        *said(output),
        output,
    )


def said(output: str) -> tuple[str, str]:
    """(called, got) of the first message, the lines of a program as they are; empty where it says nothing."""
    first = output.partition("✗ ")[2].partition("\n  Where")[0]
    called = re.search(r"^  Called    (.*(?:\n {12}.*)*)$", first, re.MULTILINE)
    got = re.search(r"^  (?:Got|Raised)    +(.*)$", first, re.MULTILINE)
    return called[1].replace("\n" + " " * 12, "\n") if called else "", got[1].strip() if got else ""


PASTE = """
import ast, sys
sys.path[:0] = [{folder!r}, {root!r}]
import numpy as np
from tinytorch import *
from tinytorch.{module} import *
from specs.descriptions import show, show_dtype, show_exactly, show_with_type
program = ast.parse({called!r})
last = program.body.pop()
try:
    exec(compile(program, "pasted", "exec"))
    is_value = isinstance(last, ast.Expr)
    value = eval(compile(ast.Expression(last.value), "pasted", "eval")) if is_value else None
    if not is_value:
        exec(compile(ast.Module([last], []), "pasted", "exec"))
except Exception as error:
    print(type(error).__name__, error, sep=": ")
else:
    print("no error")
    value = bool(value) if isinstance(value, np.bool_) else value
    for part in (value, *value) if isinstance(value, tuple) else (value,):
        data = getattr(part, "data", None)
        data = data if isinstance(data, np.ndarray) else part
        plain = np.asarray(part) if isinstance(part, int | float) else part
        for one in (part, data, plain):
            print(show(one), show_exactly(one), show_dtype(one), show_with_type(one), sep="\\n")
        print(f"shape {{getattr(data, 'shape', None)}}", f"dtype {{getattr(data, 'dtype', None)}}", sep="\\n")
        print(f"shape {{np.shape(data)}}" if not isinstance(data, list) else "")
"""
"""What is run to paste a call: names of the module itself are at hand, as in its file."""

OF_RAW = re.compile(r"  (?:first difference|\S+ at \[)")
"""What a message says of a value beyond the value itself."""


def comes_again(told: Told, folder: Path) -> bool:
    """Whether the call of a message, pasted into a new interpreter, gives what the message says.

    Where that is told in words the last line is a question, as ``y is x``, and the answer has to be no.
    """
    if not told.called or not told.got:
        return False
    text = PASTE.format(
        folder=str(folder), root=str(kit.ROOT), module=told.unit.name, called=told.called
    )
    done = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", "-c", text],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    lines = done.stdout.splitlines()
    got = OF_RAW.split(told.got)[0].strip()
    got = got.partition(", from the gradient ")[2] or got.removeprefix("an input changed to ")
    got = got.removeprefix("your message: ").partition("; it should mention")[0]
    return "False" in lines[1:2] or any(got in (line, line.partition(": ")[2]) for line in lines)


def accepted(unit: Unit, mistake: Mistake, wrong: str) -> set[str]:
    """The names under which a mistake's function may be told: its own, and that of the exercise around it."""
    if mistake.of in unit.hints:
        return {mistake.of}
    around = {name for name in unit.hints if mistake.of.startswith(f"{name}.")}
    return around | {mistake.of}


def points_at(found: re.Match[str], unit: Unit, names: set[str]) -> bool:
    """Whether a place is in the module, and in one of these functions."""
    name = found["name"] or ""
    in_file = found["file"].endswith(f"tinytorch/{unit.name}.py")
    return in_file and squeezed(name) in {squeezed(one) for one in names}


def squeezed(text: str) -> str:
    """A text without its blanks."""
    return "".join(text.split())


def lines_of_failures(output: str) -> int:
    """How many lines are said of failures: from pytest's heading to the map of the course."""
    lines = output.splitlines()
    first = next(
        (n for n, line in enumerate(lines) if re.match(r"=+ (FAILURES|ERRORS) =+$", line)), None
    )
    if first is None:
        return 0
    after = [n for n, line in enumerate(lines) if "tinytorch capabilities" in line and n > first]
    summary = (
        [line for line in lines[after[0] :] if re.match(r"(FAILED|ERROR) ", line)] if after else []
    )
    return (after[0] if after else len(lines)) - first + len(summary)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("modules", nargs="*", help="numbers such as 05; all of them unless given")
    parser.add_argument("--each", type=int, default=6, help="mistakes of each module, 0 for all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--show", action="store_true", help="the output of each that is told wrongly"
    )
    parser.add_argument("--whole", action="store_true", help="run all specs of the module")
    parser.add_argument("--mutants", action="store_true", help="changes instead of named mistakes")
    given = parser.parse_args()
    units = [unit for unit in kit.modules() if not given.modules or unit.number in given.modules]
    found, pasted = [], 0
    with tempfile.TemporaryDirectory() as place:
        for unit, mistake, wrong in wanted(units, given):
            group = "" if given.whole or given.mutants else f"::{mistake.turns_red}"
            told = tell_of(unit, mistake, wrong, Path(place), group)
            if not told.lines:
                continue  # a change that no spec has noticed
            again = comes_again(told, Path(place))
            found.append(told)
            pasted += again
            print(line_of(told, again), flush=True)
            if given.show and not (is_right(told) and again):
                print(told.output)
    print(summary(found))
    calls = sum(bool(told.called) for told in found)
    print(f"{calls} say what was called; pasted, {pasted} give the same again")


def wanted(units: Sequence[Unit], given: argparse.Namespace) -> Iterator[tuple[Unit, Mistake, str]]:
    """What to try, each with the wrong source of its module."""
    if given.mutants:
        yield from drawn_mutants(units, given.each, given.seed)
        return
    for unit, mistake in drawn(units, given.each, given.seed):
        yield unit, mistake, apply(kit.reference_text(unit.name), mistake)


def is_right(told: Told) -> bool:
    """Whether a learner is sent to the right function, and nowhere else."""
    return told.right_where and told.right_next and not told.innocent


def line_of(told: Told, again: bool) -> str:
    """A mistake and what was told of it, in one line; in two where that was wrong."""
    marks = f"{' ' if is_right(told) else '!'} {'p' if again else '-'}"
    head = f"{marks} {told.unit.number} {told.lines:3} {told.mistake.title}"
    sent = f"       of {told.mistake.of}; where {told.where}; next {told.following}"
    return head if is_right(told) else f"{head}\n{sent}"


def summary(found: Sequence[Told]) -> str:
    """The shares, in one line."""
    count = len(found)
    return (
        f"{count} mistakes: Where is right for {sum(t.right_where for t in found) / count:.1%},"
        f" Next for {sum(t.right_next for t in found) / count:.1%};"
        f" {sum(bool(t.innocent) for t in found)} blame an innocent checkpoint;"
        f" at most {max(t.lines for t in found)} lines"
    )


if __name__ == "__main__":
    main()
