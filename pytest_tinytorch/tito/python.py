"""`tito python`: Python, or a program, with the tinytorch of the workspace and what it borrows."""

from __future__ import annotations

import subprocess
from pathlib import Path

import click

from pytest_tinytorch.evidence.paths import python_in
from pytest_tinytorch.tito.session import open_session

BEGIN = """\
import sys, pathlib, pytest_tinytorch.api
pytest_tinytorch.api.use_package(pathlib.Path(sys.argv.pop(1)))
"""
"""What comes before a program: its first argument is the folder of the workspace."""
CONSOLE = """\
del sys, pathlib, pytest_tinytorch
import numpy as np
from tinytorch import *
print("Imported: import numpy as np, from tinytorch import *")
"""
PROGRAM = """\
import runpy
del sys.argv[0]
sys.path.insert(0, str(pathlib.Path(sys.argv[0]).resolve().parent))
runpy.run_path(sys.argv[0], run_name="__main__")
"""
MODULE = """\
import runpy
runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
"""
TIDY = "del sys, pathlib, pytest_tinytorch\n"
"""What comes before code that is typed: it imports what it uses."""


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("words", metavar="[SCRIPT | -c CODE | -m MODULE]", nargs=-1, type=click.UNPROCESSED)
def python(words: tuple[str, ...]) -> None:
    """Open Python, or run SCRIPT, with your tinytorch and the modules you borrow.

    Plain `python` imports your own modules only. Milestone scripts borrow however you start them. Here you
    can paste what a report has beside "Called".

    Example: tito python experiment.py --steps 100
    """
    root = open_session().workspace.root
    match words:
        case ():
            what = ["-i", "-c", BEGIN + CONSOLE, str(root)]
        case ("-c", code, *rest):
            what = ["-c", BEGIN + TIDY + code, str(root), *rest]
        case ("-m", name, *rest):
            what = ["-c", BEGIN + MODULE, str(root), name, *rest]
        case ("-c" | "-m" as option,):
            wanted = "code" if option == "-c" else "the name of a module"
            raise click.UsageError(f"{option} requires {wanted}")
        case (name, *_) if name.startswith("-"):
            raise click.UsageError(
                f"{name!r} is none of what is possible here: SCRIPT, -c CODE, -m MODULE"
            )
        case _:
            if not Path(words[0]).is_file():
                raise click.UsageError(f"there is no file {words[0]!r}")
            what = ["-c", BEGIN + PROGRAM, str(root), *words]
    raise SystemExit(subprocess.call([*python_in(root), *what]))
