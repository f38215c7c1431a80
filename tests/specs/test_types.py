"""What specs are made of is annotated, and mypy is told to demand it."""

from __future__ import annotations

import tomllib

from tests.support import kit


def test_mypy_demands_annotations_of_every_helper():
    text = (kit.ROOT / "pyproject.toml").read_text(encoding="utf-8")
    overrides = tomllib.loads(text)["tool"]["mypy"]["overrides"]
    strict = {
        module
        for override in overrides
        if override.get("disallow_untyped_defs")
        for module in override["module"]
    }
    files = (kit.ROOT / "specs").glob("*.py")
    helpers = {f"specs.{file.stem}" for file in files if not file.stem.startswith("test_")}
    assert helpers - {"specs.__init__"} | {"specs.oracles.*"} <= strict
