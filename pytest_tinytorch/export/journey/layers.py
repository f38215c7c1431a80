"""A directed graph on a grid: the positions of its nodes, and the routes of its edges. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

Edge = tuple[str, str]
Point = tuple[float, float]
"""(place in the layer, number of the layer)"""
Cell = tuple[float, int]
"""(column, number of the layer); halves are between columns"""

STEP = 1.25
"""From one column to the next. A node is 1 wide, so that edges can pass half way between two."""


@dataclass(frozen=True)
class Layout:
    """A graph with positions.

    Attributes:
        nodes: node to its place.
        edges: edge to the places that it passes through, including its ends. Between two layers it
            is free; in a layer it keeps its distance from every node.
        breadth: the width of all columns, in nodes.
        depth: the number of layers.
    """

    nodes: Mapping[str, Point]
    edges: Mapping[Edge, tuple[Point, ...]]
    breadth: float
    depth: int


def layout(needs: Mapping[str, Sequence[str]], most: int) -> Layout:
    """Lay out a graph without cycles, every node below what it needs.

    Args:
        needs: node to the nodes it needs. An edge that others imply is left out.
        most: the number of columns, and thus the most nodes in a layer.
    """
    direct = reduced(needs)
    level = levels(direct, most)
    depth = max(level.values()) + 1
    rows = [[node for node in level if level[node] == at] for at in range(depth)]
    column = columns(rows, direct, most)
    cells = {node: (column[node], level[node]) for node in needs}
    runs = lanes(direct, cells, most)
    return Layout(
        nodes={node: _point(cell) for node, cell in cells.items()},
        edges={edge: tuple(map(_point, run)) for edge, run in runs.items()},
        breadth=STEP * most,
        depth=depth,
    )


def reduced(needs: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Only the needs on which no other need of the same node depends."""
    below = {node: closure(needs, node) for node in needs}
    return {
        node: tuple(n for n in own if not any(n in below[other] for other in own))
        for node, own in needs.items()
    }


def closure(needs: Mapping[str, Sequence[str]], node: str) -> frozenset[str]:
    """Everything that a node depends on, directly or not."""
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


def columns(
    rows: Sequence[Sequence[str]], needs: Mapping[str, Sequence[str]], most: int
) -> dict[str, float]:
    """The column of each node: those of a layer are as near as possible to what they need."""
    column: dict[str, float] = {}
    for row in rows:
        above = [[column[need] for need in needs[node]] or [(most - 1) / 2] for node in row]
        best = min(
            permutations(range(most), len(row)),
            key=lambda way: sum(
                (at - to) ** 2 for to, ats in zip(way, above, strict=True) for at in ats
            ),
        )
        column.update(zip(row, best, strict=True))
    return column


def lanes(
    needs: Mapping[str, Sequence[str]], cells: Mapping[str, Cell], most: int
) -> dict[Edge, list[Cell]]:
    """The cells that each edge passes through. In a layer, they are beside the nodes.

    That is in a free column or halfway between two, with the shortest detour, and away from edges of other
    needs if possible.
    """
    owner = dict.fromkeys(cells.values(), "")  # a cell to the need whose edge passes; of a node ""
    runs: dict[Edge, list[Cell]] = {}
    for need, node in ((need, node) for node, own in needs.items() for need in own):
        (start, above), (end, below) = cells[need], cells[node]
        run = [cells[need]]
        for at in range(above + 1, below):
            free = [(n / 2, at) for n in range(-1, 2 * most) if owner.get((n / 2, at)) != ""]
            detour = {cell: abs(cell[0] - start) + abs(cell[0] - end) for cell in free}
            run.append(min(free, key=lambda c: (owner.get(c, need) != need, detour[c])))
            owner[run[-1]] = need
        runs[need, node] = [*run, cells[node]]
    return runs


def _point(cell: Cell) -> Point:
    column, layer = cell
    return STEP * (column + 0.5), float(layer)
