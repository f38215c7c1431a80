"""How well copies are told from independent work: python -m tests.grade.likeness

The material is the worked solution, and right implementations by people who had not seen it
(`tests/independent/solutions`). Copies are made of the latter, and disguised by a program.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from random import Random

from pytest_tinytorch.grade.fingerprints import Body, bodies_of
from pytest_tinytorch.grade.similarity import REFERENCE, Known, Pair, alike_pairs
from tests.grade.disguises import EASY, HARD, disguised
from tests.independent.assembly import SOLUTIONS, assemble
from tests.support import kit

Modules = Mapping[str, bytes]
ALL = (*EASY.values(), *HARD.values())


@cache
def given() -> Modules:
    """The package as a student begins with it."""
    return {name: text.encode() for name, text in kit.stub_texts().items()}


@cache
def reference() -> Modules:
    return {f"{unit.name}.py": kit.reference_text(unit.name).encode() for unit in kit.modules()}


@cache
def independent() -> Modules:
    """A whole course by people who had not seen the worked solution."""
    found = {}
    for unit in kit.modules():
        text = (SOLUTIONS / f"{unit.number}_{unit.name}.py").read_text(encoding="utf-8")
        name = f"{unit.name}.py"
        found[name] = assemble(kit.stub_texts()[name], text, unit.hints).encode()
    return found


@cache
def known() -> Known:
    marks = {mark for body in bodies_of(given(), {}) for mark in body.marks}
    return Known(tuple(sorted(marks)), bodies_of(reference(), given()))


def bodies(modules: Modules) -> tuple[Body, ...]:
    return bodies_of(modules, given())


def copy(modules: Modules, seed: int, *changes: Callable) -> dict[str, bytes]:
    """A disguised copy."""
    return {
        name: disguised(data.decode(), seed, *changes).encode() for name, data in modules.items()
    }


def ranges() -> Iterator[tuple[str, ...]]:
    """The files of every assignment of neighboring modules."""
    names = [f"{unit.name}.py" for unit in kit.modules()]
    for first in range(len(names)):
        for last in range(first + 1, len(names) + 1):
            yield tuple(names[first:last])


def only(found: Sequence[Body], files: Sequence[str]) -> tuple[Body, ...]:
    return tuple(body for body in found if body.file in files)


def pairs(files: Sequence[str], **submissions: Sequence[Body]) -> tuple[Pair, ...]:
    """What is shown of an assignment."""
    reduced = Known(known().given, only(known().reference, files))
    return alike_pairs({name: only(found, files) for name, found in submissions.items()}, reduced)


def is_found(found: Sequence[Pair], first: str, second: str) -> bool:
    return (first, second) in {(pair.first, pair.second) for pair in found}


def partly(mine: Sequence[Body], other: Sequence[Body], share: float) -> tuple[Body, ...]:
    """The work of one in which so many functions, chosen by chance, are those of the other."""
    random = Random(1)
    theirs = {(body.file, body.name): body for body in other}
    keys = [(body.file, body.name) for body in mine]
    return tuple(
        theirs[key] if key in theirs and random.random() < share else body
        for key, body in zip(keys, mine, strict=True)
    )


def table() -> list[str]:
    """What is shown, in Markdown."""
    mine, assignments = bodies(independent()), list(ranges())
    copies = {f"a copy with other {name}": (change,) for name, change in EASY.items()}
    copies |= {f"a copy with {name}": (change,) for name, change in HARD.items()}
    copies["a copy with all of these"] = ALL
    rows = {
        name: [is_found(pairs(files, a=mine, b=other), "a", "b") for files in assignments]
        for name, changes in copies.items()
        for other in [bodies(copy(independent(), 1, *changes))]
    }
    disguise = bodies(copy(independent(), 1, *ALL))
    for share in (0.75, 0.5, 0.25):
        other = partly(known().reference, disguise, share)
        # The other half is the worked solution's: so that is not compared here.
        found = [is_found(apart(files, mine, other), "a", "b") for files in assignments]
        rows[f"disguised copies of {share:.0%} of the functions, in other work"] = found
    alone = [is_found(pairs(files, a=mine), "a", REFERENCE) for files in assignments]
    rows = {"independent work beside the worked solution": alone, **rows}
    head = ["| work | assignments in which it is shown | of those of one module |", "|---|---|---|"]
    return [*head, *(row(name, found, assignments) for name, found in rows.items())]


def shares() -> tuple[float, float]:
    """The most of a file that independent work shares, and the least that a disguised copy does."""
    mine, disguise = bodies(independent()), bodies(copy(independent(), 1, *ALL))
    files = [*independent()]
    apart = max(share(file, mine, known().reference) for file in files)
    return apart, min(share(file, mine, disguise) for file in files)


def share(file: str, mine: Sequence[Body], other: Sequence[Body]) -> float:
    """The share of the smaller one of two files that is in the other one, too."""
    given_marks = frozenset(known().given)
    first, second = (
        {mark for body in found if body.file == file for mark in body.marks} - given_marks
        for found in (mine, other)
    )
    return len(first & second) / min(len(first), len(second))


def row(name: str, found: Sequence[bool], assignments: Sequence[Sequence[str]]) -> str:
    single = [hit for hit, files in zip(found, assignments, strict=True) if len(files) == 1]
    return f"| {name} | {sum(found)} of {len(found)} | {sum(single)} of {len(single)} |"


def apart(files: Sequence[str], mine: Sequence[Body], other: Sequence[Body]) -> tuple[Pair, ...]:
    """What is shown of two submissions where there is no worked solution."""
    return alike_pairs({"a": only(mine, files), "b": only(other, files)}, Known(known().given))


def sentence() -> str:
    """The margin of the threshold, in words."""
    most, least = shares()
    apart, copied = (
        f"independent work shares at most {most:.0%}",
        f"a disguised copy at least {least:.0%}",
    )
    return f"Of a file, {apart}, and {copied}."


if __name__ == "__main__":
    print("\n".join([*table(), "", sentence()]))
