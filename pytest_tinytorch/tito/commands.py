"""The command that somebody may have meant by one that does not exist."""

from __future__ import annotations

from collections.abc import Sequence

import click

from pytest_tinytorch.course.nearest import nearest

HERE = ("next", "where", "start")
"""What `tito` alone says."""
MOST = 3


def suggestion(group: click.Group, context: click.Context, words: Sequence[str]) -> str:
    """A sentence with the commands that are meant by ``words``; empty if none is like them.

    A command of a group comes first if it has that very name: `tito hint` is `tito module hint`.
    """
    name, rest = words[0], list(words[1:])
    below = commands_below(group, context)
    found = [f"{path} {name}" for path in below.get(name, ())]
    if not found:
        near = nearest(name, [*group.list_commands(context), *below])[:1]
        found = [f"{path} {one}".strip() for one in near for path in below.get(one, ("",))]
    ways = [" ".join(["tito", one, *rest]) for one in found[:MOST]]
    if name in HERE:
        ways = ["tito", *ways]
    quoted = " or ".join(f"`{way}`" for way in ways)
    return f" Did you mean {quoted}?" if ways else ""


def commands_below(group: click.Group, context: click.Context) -> dict[str, list[str]]:
    """Name of a command to the groups that have it, those for a learner's own work first."""
    first = ["module", "milestone", "checkpoint"]
    names = [*first, *(name for name in group.list_commands(context) if name not in first)]
    found: dict[str, list[str]] = {}
    for name in names:
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            for below in command.list_commands(context):
                found.setdefault(below, []).append(name)
    return found
