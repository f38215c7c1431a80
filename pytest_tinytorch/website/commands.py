"""The options of pytest and the commands of tito, from where they are declared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import click
import pytest

from pytest_tinytorch import options
from pytest_tinytorch.lessons.markup import plain
from pytest_tinytorch.tito.main import main
from pytest_tinytorch.website.text import shell, table


@dataclass
class Recorder:
    """Takes the place of pytest's parser, and remembers what is declared to it."""

    options: list[tuple[tuple[str, ...], dict[str, Any]]] = field(default_factory=list)
    settings: list[tuple[str, str]] = field(default_factory=list)

    def getgroup(self, *names: str) -> Recorder:
        return self

    def addoption(self, *names: str, **attributes: Any) -> None:
        self.options.append((names, attributes))

    def addini(self, name: str, help: str, **attributes: Any) -> None:
        self.settings.append((name, help))


def pytest_options() -> str:
    """Every option that the plugin adds to pytest, and every setting."""
    found = Recorder()
    options.add_options(cast(pytest.Parser, found))
    rows = [
        (f"`{written(names, attributes)}`", plain(attributes.get("help", "")))
        for names, attributes in found.options
    ]
    settings = [(f"`{name}`", plain(text)) for name, text in found.settings]
    head = ("option", "what it does")
    return f"{table(head, rows)}\n\n{table(('setting', 'what it is'), settings)}"


def written(names: tuple[str, ...], attributes: dict[str, Any]) -> str:
    """An option as it is typed, with what it takes."""
    name = ", ".join(names)
    if attributes.get("action") == "store_true":
        return name
    choices = attributes.get("choices")
    value = attributes.get("metavar") or "|".join(choices or ()) or "VALUE"
    return f"{name}[={value}]" if attributes.get("nargs") == "?" else f"{name} {value}"


def tito_commands() -> str:
    """Every command of tito with its usage, what it does, its options."""
    context = click.Context(main, info_name="tito")
    return "\n\n".join(described(command, inner) for command, inner in leaves(main, context))


def leaves(
    group: click.Group, context: click.Context
) -> Iterator[tuple[click.Command, click.Context]]:
    """The commands that do something, with the words that lead to them."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        inner = click.Context(command, info_name=name, parent=context)
        if isinstance(command, click.Group):
            yield from leaves(command, inner)
        elif not command.hidden:
            yield command, inner


def described(command: click.Command, context: click.Context) -> str:
    """One command."""
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    parts = [f"### {context.command_path}", shell(usage), about(command)]
    records = [p.get_help_record(context) for p in command.get_params(context)]
    rows = [
        (f"`{record[0]}`", plain(record[1]))
        for record in records
        if record and not record[0].startswith("--help")
    ]
    return "\n\n".join([*parts, *([table(("option", "what it does"), rows)] if rows else [])])


def about(command: click.Command) -> str:
    """The help of a command; its example as code."""
    paragraphs = [" ".join(part.split()) for part in (command.help or "").split("\n\n")]
    return "\n\n".join(
        f"For example: `{part.removeprefix('Example: ')}`"
        if part.startswith("Example: ")
        else plain(part)
        for part in paragraphs
    )
