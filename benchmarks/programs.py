"""How long programs take to start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import tinytorch


def python(code):
    """Run a line of Python in a new process, which may keep what it has compiled."""
    hidden = {"PYTHONDONTWRITEBYTECODE", "PYTHONPATH"}
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    environment["PYTHONPATH"] = str(Path(tinytorch.__file__).parents[1])
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)


def our_import():
    return lambda: python("from tinytorch import GPT, Trainer")


def numpy_import():
    return lambda: python("import numpy")
