"""Emacs with eglot, in batch mode, with the settings that `tito editor emacs` writes."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.lsp import editors


def emacs():
    """The Emacs of this machine; a skip if there is none, or none with eglot."""
    program = shutil.which("emacs")
    if program is None:
        pytest.skip("there is no Emacs: apt-get install emacs-nox elpa-eglot")
    asked = [program, "--batch", "--eval", "(require 'eglot)"]
    if subprocess.run(asked, capture_output=True, check=False).returncode:
        pytest.skip("Emacs has no eglot: apt-get install elpa-eglot, or Emacs 29")
    return program


def test_shows_the_verdict_in_the_line(tmp_path):
    program = emacs()
    root = editors.workspace(tmp_path, "emacs")
    given = editors.steps(tmp_path, root) | {"HOME": str(tmp_path)}
    editors.run([program, "--batch", "--load", str(editors.SCRIPTS / "emacs.el")], root, given)
    found = editors.seen(tmp_path)
    editors.checked(found)
    assert [one["line"] for one in found["errors"]] == [found["head"]]
    assert editors.gone(root)
