"""A directed graph in layers: where its nodes stand, and where its edges run. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import pairwise

Edge = tuple[str, str]
Point = tuple[float, float]
"""(place in the layer, number of the layer)"""

SWEEPS = 40
BEND = 0.3
"""The room that an edge takes where it passes a layer; a node takes 1."""


@dataclass(frozen=True)
class Layout:
    """A graph that has been laid out.

    Attributes:
        nodes: node to its place.
        edges: edge to the places that it runs through, its ends among them. Between two layers it
            is free; in a layer it keeps its distance from every node.
        breadth: of the widest layer, in nodes.
        depth: how many layers there are.
    """

    nodes: Mapping[str, Point]
    edges: Mapping[Edge, tuple[Point, ...]]
    breadth: float
    depth: int


def layout(needs: Mapping[str, Sequence[str]], most: int) -> Layout:
    """Lay out a graph without circles, every node below what it needs.

    Args:
        needs: node to the nodes it needs. An edge that others imply is left out.
        most: how many nodes may stand in a layer.
    """
    direct = reduced(needs)
    level = levels(direct, most)
    rows, chains = with_bends(direct, level)
    links = [pair for chain in chains.values() for pair in pairwise(chain)]
    rows = untangled(rows, links)
    place = placed(rows, links, needs.keys())
    points = {item: (place[item], float(n)) for n, row in enumerate(rows) for item in row}
    nodes = needs.keys()
    return Layout(
        nodes={node: points[node] for node in nodes},
        edges={edge: tuple(points[item] for item in chain) for edge, chain in chains.items()},
        breadth=breadth(rows, nodes),
        depth=len(rows),
    )


def reduced(needs: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Only the needs that no other need of the same node stands on."""
    below = {node: closure(needs, node) for node in needs}
    return {
        node: tuple(n for n in own if not any(n in below[other] for other in own))
        for node, own in needs.items()
    }


def closure(needs: Mapping[str, Sequence[str]], node: str) -> frozenset[str]:
    """Everything that a node stands on, directly or not."""
    found: set[str] = set()
    waiting = list(needs[node])
    while waiting:
        need = waiting.pop()
        if need not in found:
            found.add(need)
            waiting.extend(needs[need])
    return frozenset(found)


def levels(needs: Mapping[str, Sequence[str]], most: int) -> dict[str, int]:
    """The layer of each node: the first one below its needs that is not full."""
    level: dict[str, int] = {}
    taken: dict[int, int] = {}
    waiting = list(needs)
    while waiting:
        node = next(n for n in waiting if all(need in level for need in needs[n]))
        waiting.remove(node)
        at = max((level[need] + 1 for need in needs[node]), default=0)
        while taken.get(at, 0) >= most:
            at += 1
        level[node] = at
        taken[at] = taken.get(at, 0) + 1
    return level


def with_bends(
    needs: Mapping[str, Sequence[str]], level: Mapping[str, int]
) -> tuple[list[list[str]], dict[Edge, list[str]]]:
    """The layers with a bend for each edge that passes one, and each edge as a chain of items."""
    rows: list[list[str]] = [[] for _ in range(max(level.values()) + 1)]
    for node, at in level.items():
        rows[at].append(node)
    chains: dict[Edge, list[str]] = {}
    for node, own in needs.items():
        for need in own:
            bends = {at: f"{need}>{node}@{at}" for at in range(level[need] + 1, level[node])}
            for at, bend in bends.items():
                rows[at].append(bend)
            chains[need, node] = [need, *bends.values(), node]
    return rows, chains


def untangled(rows: list[list[str]], links: Sequence[Edge]) -> list[list[str]]:
    """The same layers in an order with few crossings: sweeps by the mean of the neighbors."""
    best, fewest = rows, crossings(rows, links)
    for sweep in range(SWEEPS):
        rows = [list(row) for row in rows]
        for at, other in _passes(len(rows), down=sweep % 2 == 0):
            index = {item: float(n) for n, item in enumerate(rows[other])}
            own = {item: float(n) for n, item in enumerate(rows[at])}
            wish = {item: _mean(_near(item, links, index), own[item]) for item in own}
            rows[at].sort(key=lambda item, wish=wish: wish[item])  # type: ignore[misc]
        count = crossings(rows, links)
        if count < fewest:
            best, fewest = rows, count
    return best


def crossings(rows: Sequence[Sequence[str]], links: Sequence[Edge]) -> int:
    """How many pairs of edges cross between layers."""
    index = {item: (at, n) for at, row in enumerate(rows) for n, item in enumerate(row)}
    ends = [(index[a], index[b]) for a, b in links]
    return sum(
        a[0] == c[0] and (a[1] - c[1]) * (b[1] - d[1]) < 0
        for n, (a, b) in enumerate(ends)
        for c, d in ends[:n]
    )


def placed(
    rows: Sequence[Sequence[str]], links: Sequence[Edge], nodes: Set[str]
) -> dict[str, float]:
    """A place in its layer for each item: near its neighbors, and clear of those beside it."""
    room = breadth(rows, nodes)
    place: dict[str, float] = {}
    for row in rows:
        sizes = [size(item, nodes) for item in row]
        place.update(zip(row, spread([room / 2] * len(row), sizes, room), strict=True))
    for sweep in range(SWEEPS):
        for at, _ in _passes(len(rows), down=sweep % 2 == 0):
            row, sizes = rows[at], [size(item, nodes) for item in rows[at]]
            wishes = [_mean(_near(item, links, place), place[item]) for item in row]
            last = sweep >= SWEEPS - 2
            wishes = [round(2 * wish) / 2 for wish in wishes] if last else wishes
            place.update(zip(row, spread(wishes, sizes, room), strict=True))
    return place


def size(item: str, nodes: Set[str]) -> float:
    """The room of an item in its layer."""
    return 1.0 if item in nodes else BEND


def breadth(rows: Sequence[Sequence[str]], nodes: Set[str]) -> float:
    """The room of the fullest layer."""
    return max(sum(size(item, nodes) for item in row) for row in rows)


def spread(wishes: Sequence[float], sizes: Sequence[float], room: float) -> list[float]:
    """Places as near to the wishes as can be, in this order, without overlap, from 0 to ``room``.

    Neighbors whose wishes collide are pooled and share the mean of what they wish.

    >>> spread([1, 1, 5], [1, 1, 1], 5)
    [0.5, 1.5, 4.5]
    """
    starts = [sum(sizes[:n]) + sizes[n] / 2 for n in range(len(sizes))]
    pools: list[list[float]] = []
    for wish, start in zip(wishes, starts, strict=True):
        pools.append([wish - start])
        while len(pools) > 1 and _mean(pools[-2], 0) >= _mean(pools[-1], 0):
            last = pools.pop()
            pools[-1] += last
    shifts = [_mean(pool, 0) for pool in pools for _ in pool]
    free = room - sum(sizes)
    return [min(max(shift, 0), free) + s for shift, s in zip(shifts, starts, strict=True)]


def _passes(count: int, down: bool) -> list[tuple[int, int]]:
    """Each layer with the one that was visited before it."""
    steps = range(1, count) if down else range(count - 2, -1, -1)
    return [(at, at - 1 if down else at + 1) for at in steps]


def _near(item: str, links: Sequence[Edge], index: Mapping[str, float]) -> list[float]:
    """Where the neighbors of an item are, of those that have a place in ``index``."""
    others = [b if a == item else a for a, b in links if item in (a, b)]
    return [index[other] for other in others if other in index]


def _mean(values: Sequence[float], default: float) -> float:
    return sum(values) / len(values) if values else default
