"""`tito python`: Python, or a program, with the tinytorch of the workspace and what it borrows."""

from __future__ import annotations

import subprocess
from pathlib import Path

import click

from pytest_tinytorch.evidence.paths import python_in
from pytest_tinytorch.tito.session import open_session

CONSOLE = """\
import sys, pathlib, pytest_tinytorch.api
pytest_tinytorch.api.use_package(pathlib.Path(sys.argv.pop(1)))
del sys, pathlib, pytest_tinytorch
import numpy as np
from tinytorch import *
print("Imported: import numpy as np, from tinytorch import *")
"""
PROGRAM = """\
import pathlib, runpy, sys, pytest_tinytorch.api
pytest_tinytorch.api.use_package(pathlib.Path(sys.argv.pop(1)))
del sys.argv[0]
sys.path.insert(0, str(pathlib.Path(sys.argv[0]).resolve().parent))
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument(
    "script", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def python(script: Path | None, arguments: tuple[str, ...]) -> None:
    """Open Python, or run SCRIPT, with your tinytorch and the modules you borrow.

    Plain `python` imports your own modules only: it knows nothing of borrowing. Here you can paste what a
    report has beside "Called".

    Example: tito python experiment.py --steps 100
    """
    root = open_session().workspace.root
    what = ["-i", "-c", CONSOLE, str(root)]
    if script:
        what = ["-c", PROGRAM, str(root), str(script), *arguments]
    raise SystemExit(subprocess.call([*python_in(root), *what]))
