"""The extension for VS Code, as far as it must agree with the kit; what it does is tested in Node."""

from __future__ import annotations

import json
import re
import zipfile

import pytest

from pytest_tinytorch.course.options import WORKSPACE_FILE
from pytest_tinytorch.kit.files import kit_version
from pytest_tinytorch.lsp import commands
from pytest_tinytorch.lsp.client import STATUS
from pytest_tinytorch.tito.lsp import INSTALL
from tests.support import kit

FOLDER = kit.ROOT / "editors" / "vscode"
SOURCE = "\n".join(
    file.read_text(encoding="utf-8") for file in sorted((FOLDER / "src").glob("*.js"))
)
MOST_BYTES = 400_000


def manifest():
    return json.loads((FOLDER / "package.json").read_text(encoding="utf-8"))


def test_it_has_the_version_and_the_license_of_the_kit():
    assert manifest()["version"] == kit_version()
    assert (FOLDER / "LICENSE").read_bytes() == (kit.ROOT / "LICENSE").read_bytes()


def test_it_starts_in_workspaces_of_the_kit_and_in_no_others():
    assert manifest()["activationEvents"] == [f"workspaceContains:{WORKSPACE_FILE}"]
    assert f"'{WORKSPACE_FILE}'" in SOURCE


def test_it_uses_the_names_that_the_server_has():
    for name in (commands.LAW, commands.DEBUG, commands.STOP, STATUS, INSTALL):
        assert f"'{name}'" in SOURCE


def test_its_own_commands_are_there_and_are_none_of_the_server():
    own = {one["command"] for one in manifest()["contributes"]["commands"]}
    assert own == set(re.findall(r"registerCommand\('([\w.]+)'", SOURCE))
    assert not own & {value for name, value in vars(commands).items() if name.isupper()}


def test_its_packages_come_from_whatever_registry_there_is():
    lock = (FOLDER / "package-lock.json").read_text(encoding="utf-8")
    assert "://" not in lock
    assert all("integrity" in one for name, one in json.loads(lock)["packages"].items() if name)


def test_what_is_built_is_small_and_whole():
    built = FOLDER / "tinytorch.vsix"
    if not built.is_file():
        pytest.skip("it is not built: run `npm run package` in editors/vscode")
    with zipfile.ZipFile(built) as archive:
        names = {name.removeprefix("extension/") for name in archive.namelist()}
        code = archive.read("extension/dist/extension.js").decode()
    assert {"package.json", "dist/extension.js", "dist/licenses.txt", "readme.md"} <= names
    assert not [
        name for name in names if "node_modules" in name or name.startswith(("src", "test"))
    ]
    assert 'require("vscode")' in code
    assert commands.DEBUG in code
    assert built.stat().st_size < MOST_BYTES
