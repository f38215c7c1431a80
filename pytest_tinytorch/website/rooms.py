"""The rooms of the plugin and what each imports, read from its files: nothing of a drawing yet."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import grimp

from pytest_tinytorch.course.syntax import syntax_tree

PLUGIN = "pytest_tinytorch"
DOOR = "the door"
DOOR_ASKS = "Where do pytest, specs and commands come in?"
"""The files that lie in no room are taken for one."""

Arrow = tuple[str, str]
"""The name of a room, and of one that it imports."""


@dataclass(frozen=True)
class Room:
    """A folder of the plugin.

    Attributes:
        name: of the folder.
        question: that it answers.
        files: how many it holds, in folders of its own too.
        uses: names of the rooms that it imports.
        pure: whether it imports no pytest, not even indirectly.
    """

    name: str
    question: str
    files: int
    uses: frozenset[str]
    pure: bool


def rooms() -> list[Room]:
    """Every room of the plugin, by name."""
    graph = grimp.build_graph(PLUGIN, include_external_packages=True, cache_dir=None)
    homes = {module: home(graph, module) for module in graph.modules if inside(module)}
    uses: dict[str, set[str]] = {name: set() for name in homes.values()}
    for module, name in homes.items():
        imported = graph.find_modules_directly_imported_by(module)
        uses[name].update(homes[other] for other in imported if inside(other))
    files = [name for module, name in homes.items() if not graph.find_children(module)]
    import_pytest = {homes[m] for m in graph.find_downstream_modules("pytest") if inside(m)}
    return [
        Room(
            name, asks(name), files.count(name), frozenset(used - {name}), name not in import_pytest
        )
        for name, used in sorted(uses.items())
    ]


def inside(module: str) -> bool:
    """Whether a module is the plugin's own."""
    return module.partition(".")[0] == PLUGIN


def home(graph: grimp.ImportGraph, module: str) -> str:
    """The name of the room that a module lies in."""
    first = module.split(".")[1:2]
    return first[0] if first and graph.find_children(f"{PLUGIN}.{first[0]}") else DOOR


def asks(room: str) -> str:
    """The question of a room: the docstring of its package."""
    if room == DOOR:
        return DOOR_ASKS
    file = Path(__file__).parents[1] / room / "__init__.py"
    return ast.get_docstring(syntax_tree(file.read_text(encoding="utf-8"))) or ""


def reach(uses: Mapping[str, Iterable[str]], names: Iterable[str]) -> set[str]:
    """``names``, and all that they import, directly or not."""
    found = set()
    for name in names:
        found |= {name} | reach(uses, uses[name])
    return found


def arrows(found: Sequence[Room]) -> list[Arrow]:
    """Who imports whom, without what follows from other arrows.

    >>> a, b, c = (Room(n, "", 1, frozenset(u), True) for n, u in [("a", "bc"), ("b", "c"), ("c", "")])
    >>> arrows([a, b, c])
    [('a', 'b'), ('b', 'c')]
    """
    uses = {room.name: room.uses for room in found}
    return [
        (room.name, used)
        for room in found
        for used in sorted(room.uses)
        if used not in reach(uses, room.uses - {used})
    ]


def rows(found: Sequence[Room]) -> dict[str, int]:
    """Room to its row from the top: one below the lowest of those that import it."""
    users = {room.name: [user.name for user in found if room.name in user.uses] for room in found}

    def row(name: str) -> int:
        return max((row(user) + 1 for user in users[name]), default=0)

    return {name: row(name) for name in users}
