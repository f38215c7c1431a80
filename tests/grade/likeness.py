"""How well copies are told from independent work: python -m tests.grade.likeness

The material is the worked solution, and right implementations by people who had not seen it
(`tests/independent/solutions`). Copies are made of the latter, and disguised by a program.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache

from pytest_tinytorch.grade.fingerprints import Body, bodies_of
from pytest_tinytorch.grade.similarity import Known, Pair, alike_pairs
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


def main() -> None:
    """Print the table."""
    mine = bodies(independent())
    assignments = list(ranges())
    false = [files for files in assignments if is_found(pairs(files, own=mine), "own", "")]
    print(f"independent work shown as alike: {len(false)} of {len(assignments)} assignments")
    kinds = {**EASY, **HARD}
    rows = {name: (change,) for name, change in kinds.items()}
    rows |= {"all but the last": tuple(EASY.values()), "all": ALL}
    for name, changes in rows.items():
        other = bodies(copy(independent(), 1, *changes))
        found = [
            is_found(pairs(files, own=mine, copy=other), "copy", "own") for files in assignments
        ]
        alone = [hit for hit, files in zip(found, assignments, strict=True) if len(files) == 1]
        print(
            f"copies with other {name}: {sum(found)} of {len(found)} assignments,"
            f" {sum(alone)} of {len(alone)} of one module"
        )


if __name__ == "__main__":
    main()
