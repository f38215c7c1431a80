"""`tito lsp`: the verdict in the line, in any editor that speaks the Language Server Protocol."""

from __future__ import annotations

import sys

import click

INSTALL = 'python -m pip install "pytest-tinytorch[lsp]"'
LIBRARIES = ("pygls", "lsprotocol")


@click.command()
@click.option("--stdio", is_flag=True, help="use standard input and output, as it does anyway")
def lsp(stdio: bool) -> None:
    """Bring verdicts into your editor: your editor starts this, and talks to it.

    It finds the workspace of each file that you open. `tito editor` writes the settings for yours, and
    `tito docs editors` is the page about them.
    """
    if sys.stdin is None or sys.stdin.isatty():
        raise click.UsageError(
            "your editor starts this, and talks to it: `tito editor` writes its settings, and"
            " `tito docs editors` says more. In a terminal, use `tito watch`"
        )
    try:
        from pytest_tinytorch.lsp.features import serve
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in LIBRARIES:
            raise
        raise click.ClickException(f"the language server needs pygls: {INSTALL}") from None
    raise SystemExit(serve())
