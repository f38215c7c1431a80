"""Which submissions are alike, and where: a person has to see why.

Files are compared by the marks that they share (`fingerprints`). A mark counts less the more submissions have
it, and nothing if the kit's own files do. A file is alike in two submissions if most of it is in both, or if
long functions of it are. Each file, and each long function, is compared only with those that have one of its
rarest marks, and of many with the next few: so the work grows with the class, not with its square, and of a
large ring each is shown with some.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import log

from msgspec import Struct

from pytest_tinytorch.grade.fingerprints import Body

SHARE = 0.75
"""The share of a file that must be found again."""
LEAST = 40.0
"""What a file must hold that counts, in marks; with less it is not compared."""
BODY_SHARE = 0.8
"""The share of a long function that must be found again, if its file is not."""
SHOWN = 0.5
"""The share of a function that must be found again to be shown, if its file is alike."""
LONG = 16.0
"""What a function must hold to be long, in marks: about six lines."""
TOGETHER = 60.0
"""What long functions of a file must hold together."""
SMALL_CLASS = 20
"""In a class smaller than this, what all have counts as if others without it were there."""
NEIGHBORS = 8
"""With how many of those that have the same rare mark one is compared."""
TOLD = 10
"""How many functions of a pair are kept with their places."""
REFERENCE = ""
"""Stands for the worked solution among the ids of submissions."""


class Known(Struct, frozen=True):
    """What each submission is compared with besides the others.

    Attributes:
        given: the marks of the kit's own files, and of what students begin with.
        reference: the bodies of the worked solution.
        kit: the digest of the kit that both are of.
    """

    given: tuple[int, ...] = ()
    reference: tuple[Body, ...] = ()
    kit: str = ""


@dataclass(frozen=True)
class Alike:
    """A body that two submissions have.

    Attributes:
        name: of the exercise, or of a function of the first one's own.
        first, second: where it is in each: ``activations.py:12``.
        share: how much of it is found again, from 0 to 1.
        weight: what is shared, in marks.
    """

    name: str
    first: str
    second: str
    share: float
    weight: float


@dataclass(frozen=True)
class Pair:
    """Two submissions that are alike.

    Attributes:
        first, second: their ids; ``second`` is empty for the worked solution.
        weight: what they share, in marks that few others have.
        count: how many bodies that is.
        bodies: those that weigh most, with their places.
    """

    first: str
    second: str
    weight: float
    count: int
    bodies: tuple[Alike, ...]


@dataclass(frozen=True)
class Common:
    """A file that so many have in the same form that its marks count too little for pairs.

    Attributes:
        file: its name.
        ids: of the submissions, in order.
        is_solution: whether the worked solution has it, too.
    """

    file: str
    ids: tuple[str, ...]
    is_solution: bool = False


@dataclass(frozen=True)
class File:
    """One file of one submission, as it is compared.

    Attributes:
        bodies: each with the marks of it that are not given.
        marks: all of these.
    """

    bodies: tuple[tuple[Body, frozenset[int]], ...]
    marks: frozenset[int]


@dataclass
class Index:
    """One file of the course in all submissions.

    Attributes:
        files: id to the file of that submission, in the order of ids.
        holders: mark to those that have it, in the same order.
        weights: mark to what it counts.
    """

    files: dict[str, File]
    holders: dict[int, list[str]] = field(default_factory=dict)
    weights: dict[int, float] = field(default_factory=dict)

    def weight(self, marks: Iterable[int]) -> float:
        """What marks count together."""
        return sum(self.weights[mark] for mark in marks)


def alike_pairs(submissions: Mapping[str, Sequence[Body]], known: Known) -> tuple[Pair, ...]:
    """The pairs of submissions with files that are alike, those that share most first.

    Args:
        submissions: id to bodies.
        known: what is compared besides.
    """
    found: dict[tuple[str, str], list[tuple[float, list[Alike]]]] = {}
    for _, index in indexes(submissions, known):
        for first, second in sorted(candidates(index)):
            weight, bodies = compare(index, first, second)
            if weight:
                found.setdefault((first, second), []).append((weight, bodies))
    pairs = [pair_of(first, second, files) for (first, second), files in found.items()]
    return tuple(sorted(pairs, key=lambda pair: (-pair.weight, pair.first, pair.second)))


def common_files(submissions: Mapping[str, Sequence[Body]], known: Known) -> tuple[Common, ...]:
    """The files that are the same in so many submissions that `alike_pairs` does not show them."""
    found = []
    for file, index in indexes(submissions, known):
        versions: dict[frozenset[int], list[str]] = {}
        for one, held in index.files.items():
            versions.setdefault(held.marks, []).append(one)
        for marks, ids in versions.items():
            own = [one for one in ids if one != REFERENCE]
            if len(marks) >= LEAST and own[1:] and not compare(index, own[0], own[1])[0]:
                found.append(Common(file, tuple(own), len(own) < len(ids)))
    return tuple(found)


def indexes(submissions: Mapping[str, Sequence[Body]], known: Known) -> Iterator[tuple[str, Index]]:
    """Each file of the course with its index, in order."""
    given = frozenset(known.given)
    for file in sorted({body.file for bodies in submissions.values() for body in bodies}):
        yield file, index_of(file, submissions, known.reference, given)


def pair_of(first: str, second: str, files: Iterable[tuple[float, list[Alike]]]) -> Pair:
    """A pair, from what each file that is alike weighs and has; the worked solution comes second."""
    files = list(files)
    bodies = [one for _, found in files for one in found]
    bodies.sort(key=lambda one: (-one.weight, one.first))
    weight = round(sum(weight for weight, _ in files), 1)
    if first == REFERENCE:
        first, second = second, first
        bodies = [replace(one, first=one.second, second=one.first) for one in bodies]
    return Pair(first, second, weight, len(bodies), tuple(bodies[:TOLD]))


def index_of(
    file: str,
    submissions: Mapping[str, Sequence[Body]],
    reference: Sequence[Body],
    given: Collection[int],
) -> Index:
    """The index of one file."""
    files = {}
    for one in (REFERENCE, *sorted(submissions)):
        bodies = reference if one == REFERENCE else submissions[one]
        mine = [(b, frozenset(b.marks).difference(given)) for b in bodies if b.file == file]
        if mine:
            files[one] = File(tuple(mine), frozenset().union(*(marks for _, marks in mine)))
    index = Index(files)
    for one, held in files.items():
        for mark in held.marks:
            index.holders.setdefault(mark, []).append(one)
    many = max(len(files), SMALL_CLASS)
    index.weights = {mark: rarity(len(those), many) for mark, those in index.holders.items()}
    return index


def rarity(holders: int, many: int) -> float:
    """What a mark counts: 1 if two have it, 0 if all have.

    >>> rarity(2, 20), rarity(20, 20)
    (1.0, 0.0)
    """
    return log(many / max(2, holders)) / log(many / 2)


def candidates(index: Index) -> set[tuple[str, str]]:
    """The pairs that may have this file, or a long function of it, in common."""
    found: set[tuple[str, str]] = set()
    for one, held in index.files.items():
        others = {REFERENCE} & index.files.keys()
        others |= sharing(index, one, held.marks, SHARE, LEAST)
        for _, marks in held.bodies:
            others |= sharing(index, one, marks, BODY_SHARE, LONG)
        found |= {(min(one, other), max(one, other)) for other in others if other != one}
    return found


def sharing(index: Index, one: str, marks: frozenset[int], share: float, least: float) -> set[str]:
    """Those who may have a share of these marks; nobody if they count too little.

    Whoever has the share has at least one of the rarest marks: of those that make up the rest and one more.
    """
    whole = index.weight(marks) if len(marks) >= least else 0.0
    if whole < least:
        return set()
    found: set[str] = set()
    missing = (1 - share) * whole
    for mark in sorted(marks, key=lambda mark: (len(index.holders[mark]), mark)):
        found.update(neighbors(index.holders[mark], one))
        missing -= index.weights[mark]
        if missing < 0:
            break
    return found


def neighbors(holders: Sequence[str], one: str) -> Sequence[str]:
    """The next few after one, beginning again at the end."""
    if len(holders) <= NEIGHBORS + 1:
        return holders
    place = bisect_left(holders, one)
    return [holders[(place + step) % len(holders)] for step in range(1, NEIGHBORS + 1)]


def compare(index: Index, first: str, second: str) -> tuple[float, list[Alike]]:
    """What a file shares in two submissions that counts, and the functions; 0 if it is not alike."""
    here, there = index.files[first], index.files[second]
    weight = index.weight(here.marks & there.marks)
    if weight < min(SHARE * LEAST, TOGETHER):
        return 0.0, []
    smaller = min(index.weight(here.marks), index.weight(there.marks))
    if smaller >= LEAST and weight >= SHARE * smaller:
        return weight, found_again(index, here, there, SHOWN)
    bodies = found_again(index, here, there, BODY_SHARE)
    long = [one for one in bodies if one.weight >= BODY_SHARE * LONG]
    together = sum(one.weight for one in long)
    return (together, long) if together >= TOGETHER else (0.0, [])


def found_again(index: Index, here: File, there: File, share: float) -> list[Alike]:
    """The functions of which such a share is in the other file, from both sides; each place counts once."""
    best: dict[tuple[str, str], Alike] = {}
    found = list(_found_in(index, here, there, share))
    found += [(a, b, part, w) for b, a, part, w in _found_in(index, there, here, share)]
    for mine, other, part, weight in found:
        places = f"{mine.file}:{mine.line}", f"{other.file}:{other.line}"
        one = Alike(mine.name, *places, round(part, 3), round(weight, 1))
        if places not in best or (one.weight, one.share) > (
            best[places].weight,
            best[places].share,
        ):
            best[places] = one
    return list(best.values())


def _found_in(
    index: Index, here: File, there: File, share: float
) -> Iterator[tuple[Body, Body, float, float]]:
    """(function, the one of the other file that is most like it, share, weight) of what is found again."""
    for body, marks in here.bodies:
        shared = marks & there.marks
        whole, weight = index.weight(marks), index.weight(shared)
        if weight and weight >= share * whole:
            home = max(
                there.bodies, key=lambda pair: (len(shared & pair[1]), pair[0].name == body.name)
            )
            yield body, home[0], weight / whole, weight
