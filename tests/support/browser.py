"""A real browser for tests of pages: Chromium or one of its kin, wherever this machine has it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pytest_tinytorch.run.profiles import is_ci

VARIABLE = "TINYTORCH_BROWSER"
COMMANDS = ("google-chrome", "chromium", "chromium-browser", "chrome", "msedge", "microsoft-edge")
MAC = ("Google Chrome", "Chromium", "Microsoft Edge")
WINDOWS = (r"Google\Chrome\Application\chrome.exe", r"Microsoft\Edge\Application\msedge.exe")


def find() -> str | None:
    """The path of a browser: the one that the environment names, or else the first there is."""
    if named := os.environ.get(VARIABLE):
        return named
    found = [path for path in map(shutil.which, COMMANDS) if path]
    found += [str(path) for path in usual_places() if path.is_file()]
    return found[0] if found else None


@contextmanager
def running() -> Iterator[Any]:
    """A browser for as long as it is needed."""
    from playwright.sync_api import sync_playwright

    found = path()
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=found) as browser,
    ):
        yield browser


def violations(tab: Any, contrast: bool) -> list[tuple[str, list[str]]]:
    """What axe finds wrong with a page. To look at contrast takes seconds."""
    from axe_playwright_python.sync_playwright import Axe

    rules = {"color-contrast": {"enabled": contrast}}
    options = {"resultTypes": ["violations"], "selectors": False, "rules": rules}
    found = Axe().run(tab, options=options).response["violations"]
    return [(one["id"], [node["html"] for node in one["nodes"]][:5]) for one in found]


def usual_places() -> list[Path]:
    """Where browsers are that are on no path."""
    if sys.platform == "darwin":
        return [Path(f"/Applications/{name}.app/Contents/MacOS/{name}") for name in MAC]
    folders = [os.environ.get(v) for v in ("ProgramFiles", "ProgramFiles(x86)", "LOCALAPPDATA")]
    return [Path(folder) / place for folder in folders if folder for place in WINDOWS]


def path() -> str:
    """The browser to use. Without one the test is skipped, but on a CI server it fails."""
    found = find()
    if found is not None:
        return found
    reason = f"no browser: install Chromium, Chrome or Edge, or name one in {VARIABLE}"
    if is_ci():
        pytest.fail(reason)
    pytest.skip(reason)
