"""Keeps the package under test from importing what judges it: specs, their oracles, the plugin, pytest."""

from __future__ import annotations

import builtins
import importlib
import sys
from functools import wraps
from types import FrameType
from typing import Any

from pytest_tinytorch.evidence.implementation import PACKAGE
from pytest_tinytorch.evidence.importing import refused_text

JUDGES = frozenset(
    (
        *("specs", "milestones", "reference", "tests", "pytest_tinytorch"),
        *("pytest", "_pytest", "pluggy", "hypothesis", "xdist"),
    )
)
"""Packages that judge, or that have the answers."""


def guard_imports() -> None:
    """Refuse, from now on in this process, what modules of the package under test import of `JUDGES`.

    Statements, ``__import__`` and ``importlib.import_module``. What is imported already stays in
    ``sys.modules``, since specs need it there.
    """
    for owner, name in (
        (builtins, "__import__"),
        (importlib, "__import__"),
        (importlib, "import_module"),
    ):
        setattr(owner, name, guarded(getattr(owner, name)))


def guarded(imports: Any) -> Any:
    """A function that imports, but not what judges for those whom it judges."""

    @wraps(imports)
    def other(name: str, *args: Any, **kwargs: Any) -> Any:
        if str(name).partition(".")[0] in JUDGES and asked_by_learner(sys._getframe(1)):
            raise ImportError(refused_text(name), name=name)
        return imports(name, *args, **kwargs)

    return other


def asked_by_learner(frame: FrameType | None) -> bool:
    """Whether the code that asks is of the package under test. Code without a module is its caller's."""
    while frame is not None and not isinstance(frame.f_globals.get("__name__"), str):
        frame = frame.f_back
    name = frame.f_globals["__name__"] if frame is not None else ""
    return bool(name.partition(".")[0] == PACKAGE)
