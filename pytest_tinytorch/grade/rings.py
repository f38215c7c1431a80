"""Submissions that are alike, put together: of many equal copies a person reads one entry, not each pair."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pytest_tinytorch.grade.similarity import REFERENCE, Pair


@dataclass(frozen=True)
class Ring:
    """Submissions each of which is alike with at least one other of them; or a single one.

    A single one is like the worked solution.

    Attributes:
        members: their ids, in order.
        links: pairs that hold them together, one fewer than members, those that share most first.
        solution: the pairs of members with the worked solution, those that share most first.
    """

    members: tuple[str, ...]
    links: tuple[Pair, ...]
    solution: tuple[Pair, ...] = ()

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """Its links and what is like the worked solution, those that share most first."""
        return tuple(sorted((*self.links, *self.solution), key=lambda pair: -pair.weight))


def rings_of(pairs: Sequence[Pair]) -> tuple[Ring, ...]:
    """The rings of a class, those that share most first.

    The worked solution joins nobody: two who took other files from it are not alike.

    Args:
        pairs: of submissions that are alike, those that share most first.
    """
    homes: dict[str, set[str]] = {}
    links: list[Pair] = []
    solution = [pair for pair in pairs if pair.second == REFERENCE]
    for pair in pairs:
        ids = [pair.first] if pair.second == REFERENCE else [pair.first, pair.second]
        small, large = sorted((homes.setdefault(one, {one}) for one in (ids[0], ids[-1])), key=len)
        if small is large:
            continue
        links.append(pair)
        large |= small
        homes.update(dict.fromkeys(small, large))
    found = [
        Ring(tuple(sorted(members)), _within(links, members), _within(solution, members))
        for members in {id(home): home for home in homes.values()}.values()
    ]
    return tuple(sorted(found, key=lambda ring: (-ring.pairs[0].weight, ring.members)))


def _within(pairs: Iterable[Pair], members: set[str]) -> tuple[Pair, ...]:
    return tuple(pair for pair in pairs if pair.first in members)


def ring_by_member(rings: Iterable[Ring]) -> Mapping[str, Ring]:
    """The id of a submission to the ring that it is in."""
    return {one: ring for ring in rings for one in ring.members}
