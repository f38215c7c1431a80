"""The options of commands that make something to share: your name, and where cards go."""

from __future__ import annotations

from pathlib import Path

import click

LONGEST_NAME = 60


def checked_name(context: click.Context, parameter: click.Parameter, name: str | None) -> str:
    """A person's name in any script, on one line."""
    if name is None:
        return ""
    from pytest_tinytorch.terminal.plaintext import harmless_text

    kept = " ".join(harmless_text(name, limit=1000).split())
    if not kept:
        raise click.BadParameter("write a name, or leave the option out")
    if len(kept) > LONGEST_NAME:
        raise click.BadParameter(
            f"it has {len(kept)} characters: a card has room for {LONGEST_NAME}"
        )
    return kept


NAME = click.option(
    "--name", metavar="NAME", callback=checked_name, help="your name, as you want it shown"
)
CARD = click.option(
    "--card",
    "folder",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="write a card into DIR: SVG and PNG, light and dark, Markdown, text",
)
