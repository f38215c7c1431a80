"""Three programs in plain PyTorch run here, with what they import changed and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_tinytorch.evidence import implementation, importing
from tests.support import kit

PROGRAMS = Path(__file__).parent / "programs"
DIGITS = kit.ROOT / "datasets" / "tinydigits"
IMPORT = re.compile(r"^(import|from) torch\b", re.MULTILINE)


@pytest.fixture(scope="module", autouse=True)
def reference():
    importing.install_finder(implementation.Implementation(kit.REFERENCE, kit.REFERENCE))
    try:
        yield
    finally:
        importing.uninstall_finder()


def program(name, framework="tinytorch"):
    """The names of a program, once its import lines say ``framework``."""
    text = (PROGRAMS / f"{name}.py").read_text(encoding="utf-8")
    changed = IMPORT.sub(rf"\1 {framework}", text)
    changed = re.sub(
        rf"^import {framework}$", f"import {framework} as torch", changed, flags=re.MULTILINE
    )
    names = {"__name__": name}
    exec(compile(changed, name, "exec", dont_inherit=True), names)
    return names


def check_digits(framework):
    assert program("digits", framework)["main"](DIGITS) > 0.9


def check_characters(framework):
    loss, written = program("characters", framework)["main"]()
    assert loss < 0.5
    assert written.startswith("the quick brown fox")


def check_autoencoder(framework, path):
    error, same, epoch = program("autoencoder", framework)["main"](DIGITS, path)
    assert error < 0.2  # blank pages would give 0.4
    assert (same, epoch) == (True, 10)


def test_digits():
    check_digits("tinytorch")


def test_characters():
    check_characters("tinytorch")


def test_autoencoder(tmp_path):
    check_autoencoder("tinytorch", tmp_path / "autoencoder.pt")
