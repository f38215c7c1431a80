"""Folders that the workers of one run of the tests share: what takes long to build is built once."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def folder(factory: pytest.TempPathFactory, name: str, build: Callable[[Path], object]) -> Path:
    """The folder of this name, filled by ``build`` for the first who asks; the others wait for it.

    Of the tests that share something one is marked as slow: it begins first, and nobody has to wait.
    """
    base = factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    whole, part = base / name, base / f"{name}.part"
    with FileLock(base / f"{name}.lock"):
        if not whole.exists():
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            build(part)
            part.rename(whole)
    return whole
