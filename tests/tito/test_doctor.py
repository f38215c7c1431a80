"""`tito doctor`: what it looks at, what it finds wrong, and how it says to mend that."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from click.testing import CliRunner

from pytest_tinytorch.kit.editors import EDITORS
from pytest_tinytorch.tito import doctor, editor, surroundings
from pytest_tinytorch.tito.main import main
from pytest_tinytorch.tito.session import open_session
from tests.support import kit, toy

SILENCE = surroundings.silence


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """A toy workspace with editor files and a data set of the course; a language server that answers."""
    monkeypatch.setattr(surroundings, "silence", lambda root: "")
    root = toy.build(tmp_path)
    for name in (".vscode/settings.json", "datasets/tinytalks/talks.tsv"):
        (root / name).parent.mkdir(parents=True)
        (root / name).write_bytes((kit.ROOT / name).read_bytes())
    sums = "datasets/tinytalks/SHA256SUMS"
    (root / sums).write_bytes((kit.ROOT / sums).read_bytes())
    monkeypatch.chdir(root)
    monkeypatch.setenv("COLUMNS", "200")
    for name in ("TERM_PROGRAM", "TINYTORCH_DATA"):
        monkeypatch.delenv(name, raising=False)
    return root


def examined(code=0):
    """What was looked at, by name."""
    done = CliRunner().invoke(main, ["doctor", "--json"])
    assert done.exit_code == code, done.output
    return {finding["what"]: finding for finding in json.loads(done.output)}


def test_says_how_to_mend_what_is_missing(workspace, monkeypatch):
    def version(name):
        if name == "hypothesis":
            raise doctor.PackageNotFoundError(name)
        return "99.0"

    monkeypatch.setattr(doctor, "version", version)
    found = examined(code=1)
    assert (found["hypothesis"]["well"], found["hypothesis"]["found"]) == (False, "not installed")
    assert "python -m pip install" in found["hypothesis"]["mend"]
    shown = CliRunner().invoke(main, ["doctor"]).output
    assert "hypothesis: not installed" in shown
    assert "\n To fix: hypothesis.\n" in shown


def test_a_version_that_is_too_old_is_told(workspace, monkeypatch):
    monkeypatch.setattr(doctor, "version", lambda name: "0.1")
    found = examined(code=1)
    assert found["numpy"]["found"] == "0.1, >=2.0 is needed"
    assert "rich" in found
    assert "torch" not in found  # what only an extra needs


def test_another_plugin_of_that_name_is_found(workspace, monkeypatch):
    other = EntryPoint("tinytorch", "tinytorch", "pytest11")
    monkeypatch.setattr(doctor, "entry_points", lambda **asked: [other])
    assert examined(code=1)["pytest -p tinytorch"]["found"] == "tinytorch"


class TestProgress:
    def test_that_can_be_kept_is_well(self, workspace):
        assert examined()["progress"]["well"]
        toy.write(workspace, {".tinytorch/ledger.jsonl": ""})
        found = examined()["progress"]
        assert found["well"]
        assert found["found"] == str(workspace / ".tinytorch/ledger.jsonl")

    def test_with_lines_that_cannot_be_read_is_told(self, workspace):
        toy.write(workspace, {".tinytorch/ledger.jsonl": "no line\nof it\n"})
        found = examined()["progress"]
        assert not found["well"]
        assert "ledger.jsonl: 2 of its lines cannot be read" in found["found"]

    @pytest.mark.parametrize(
        ("make", "says"),
        [
            (lambda root: (root / ".tinytorch").write_text(""), ".tinytorch is no folder"),
            (
                lambda root: (root / ".tinytorch/ledger.jsonl").mkdir(parents=True),
                "ledger.jsonl is no file",
            ),
            (
                lambda root: (root / ".tinytorch").symlink_to(root / "gone"),
                ".tinytorch is no folder",
            ),
        ],
        ids=["a file", "a folder", "a link to nothing"],
    )
    def test_that_cannot_be_kept_is_told(self, workspace, make, says):
        make(workspace)
        found = examined(code=1)["progress"]
        assert says in found["found"]
        assert "so no run is kept" in found["found"]
        assert "move it away" in found["mend"]

    @pytest.mark.parametrize(
        ("name", "made"),
        [(".", ()), (".tinytorch", ("other",)), (".tinytorch/ledger.jsonl", ("ledger.jsonl",))],
    )
    def test_what_may_not_be_written_is_told(self, workspace, monkeypatch, name, made):
        toy.write(workspace, {f".tinytorch/{file}": "" for file in made})
        refused = workspace / name
        monkeypatch.setattr("os.access", lambda path, rights: Path(path) != refused)
        found = examined(code=1)["progress"]
        assert "cannot be written" in found["found"]
        assert "let it be read and written" in found["mend"]


def test_what_is_not_needed_does_not_fail(workspace, monkeypatch):
    monkeypatch.setenv("TINYTORCH_DATA", "nowhere")
    found = examined()
    assert found["TINYTORCH_DATA"]["mend"] == "TINYTORCH_DATA must name a folder"
    text = kit.tito("doctor")
    assert " ! TINYTORCH_DATA: nowhere" in text
    assert "Nothing to fix.\n Worth a look: " in text
    assert "✗" not in text, "that is what the exit code is 1 for"


class TestData:
    def test_that_is_whole_is_well(self, workspace):
        assert examined()["tinytalks"]["well"]

    def test_that_is_missing_is_told(self, workspace):
        found = examined()["tinydigits"]
        assert "SHA256SUMS is missing" in found["found"]
        assert "git checkout -- datasets/tinydigits" in found["mend"]

    @pytest.mark.parametrize(
        ("name", "text", "says"),
        [
            ("talks.tsv", "x", "talks.tsv is damaged"),
            ("SHA256SUMS", "no digest", "talks.tsv"),
            ("SHA256SUMS", "word", "SHA256SUMS is damaged"),
        ],
    )
    def test_that_is_damaged_is_told(self, workspace, name, text, says):
        (workspace / "datasets" / "tinytalks" / name).write_text(text, encoding="utf-8")
        if text == "no digest":
            says = "is missing"
        found = examined()["tinytalks"]
        assert (found["well"], says in found["found"]) == (False, True), found


class TestPython:
    def test_an_environment_of_its_own_is_well(self, workspace, monkeypatch):
        monkeypatch.setattr(sys, "base_prefix", "/elsewhere")
        assert examined()["virtual environment"]["well"]

    def test_without_one_it_says_how_to_make_it(self, workspace, monkeypatch):
        monkeypatch.delenv("CONDA_PREFIX", raising=False)
        monkeypatch.setattr(sys, "base_prefix", sys.prefix)
        found = examined()["virtual environment"]
        assert (found["well"], found["needed"]) == (False, False)
        assert "python -m venv" in found["mend"]

    def test_a_command_of_another_python_is_told(self, workspace, monkeypatch):
        monkeypatch.setattr(surroundings.shutil, "which", lambda name: f"/elsewhere/bin/{name}")
        found = examined()["command pytest"]
        assert (found["well"], found["found"]) == (False, "/elsewhere/bin/pytest")
        assert "python -m pytest" in found["mend"]

    @pytest.mark.parametrize("installed", [True, False])
    def test_an_environment_without_the_command_need_not_be_activated(
        self, workspace, monkeypatch, installed
    ):
        monkeypatch.setattr(surroundings.sys, "executable", str(workspace / "bin" / "python"))
        monkeypatch.setattr(surroundings.sys, "prefix", str(workspace))
        if installed:
            toy.write(workspace, {"bin/pytest": ""})
        (found,) = surroundings.command(open_session())
        assert ("activate" in found.remedy) == installed
        assert "tito or python -m pytest" in found.remedy


class TestVSCode:
    def settings(self, workspace, text):
        (workspace / ".vscode" / "settings.json").write_text(text, encoding="utf-8")

    def test_as_it_ships_it_is_well(self, workspace):
        assert examined()["VS Code"]["well"]

    def test_comments_and_commas_are_no_fault(self, workspace):
        text = """{
  // of my own
  "python.testing.pytestEnabled": true, /* and
  more */
  "editor.rulers": [100,],  // "a string, }"
  "url": "http://localhost/,}",
}
"""
        self.settings(workspace, text)
        assert examined()["VS Code"]["well"]
        assert surroundings.parsed(text)["url"] == "http://localhost/,}"

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("{}", "not run tests with pytest"),
            ('{"python.testing.pytestEnabled": false}', "not run tests with pytest"),
            ("{", "settings.json"),
            ("[]", "not a table"),
            ('{\n/* two\nlines */\n"editor.rulers": [100}\n}', "settings.json: line 4"),
        ],
    )
    def test_what_is_wrong_is_told(self, workspace, text, says):
        self.settings(workspace, text)
        found = examined()["VS Code"]
        assert (found["well"], found["needed"]) == (False, False)
        assert says in found["found"]

    def test_without_settings_it_says_how_to_get_them_back(self, workspace):
        (workspace / ".vscode" / "settings.json").unlink()
        assert "git checkout -- .vscode" in examined()["VS Code"]["mend"]

    @pytest.mark.parametrize(
        ("named", "well"),
        [
            (sys.executable, True),
            (sys.prefix, True),
            ("${workspaceFolder}/.venv/bin/python", False),
        ],
    )
    def test_the_python_that_its_settings_name_has_to_be_this_one(self, workspace, named, well):
        table = {"python.testing.pytestEnabled": True, "python.defaultInterpreterPath": named}
        self.settings(workspace, json.dumps(table))
        found = examined()["VS Code's Python"]
        assert found["well"] is well
        assert sys.executable in found["mend"]

    def test_it_finds_an_environment_inside_the_workspace(self, workspace, monkeypatch):
        monkeypatch.setattr(sys, "prefix", str(workspace / ".venv"))
        assert examined()["VS Code's Python"]["well"]

    def test_one_outside_has_to_be_chosen(self, workspace, monkeypatch):
        assert "VS Code's Python" not in examined()
        monkeypatch.setenv("TERM_PROGRAM", "vscode")
        assert "Select Interpreter" in examined()["VS Code's Python"]["mend"]


class TestLanguageServer:
    @pytest.fixture(autouse=True)
    def real(self, workspace, monkeypatch):
        monkeypatch.setattr(surroundings, "silence", SILENCE)

    def test_that_answers_is_well(self, workspace):
        found = examined()["tito lsp"]
        assert (found["well"], found["found"], found["needed"]) == (True, "answers", False)

    def test_that_is_not_installed_is_told_among_the_packages(self, workspace, monkeypatch):
        def version(name):
            if name == "pygls":
                raise doctor.PackageNotFoundError(name)
            return "99.0"

        assert examined()["pygls"]["well"]
        monkeypatch.setattr(surroundings, "find_spec", lambda name: None)
        monkeypatch.setattr(doctor, "version", version)
        found = examined()
        assert (found["pygls"]["found"], found["pygls"]["needed"]) == ("not installed", False)
        assert found["pygls"]["mend"].endswith('pip install "pytest-tinytorch[lsp]"')
        assert "tito lsp" not in found

    def test_that_is_too_old_is_told(self, workspace, monkeypatch):
        monkeypatch.setattr(doctor, "version", lambda name: "1.3" if name == "pygls" else "99.0")
        found = examined()["pygls"]
        assert (found["found"], found["needed"]) == ("1.3, >=2.0 is needed", False)

    def test_that_does_not_answer_is_told(self, workspace, monkeypatch):
        monkeypatch.setattr(surroundings.sys, "executable", shutil.which("false") or "false")
        (found,) = surroundings.server(open_session())
        assert (found.ok, found.found) == (False, "no answer")

    def test_that_hangs_is_told(self, workspace, monkeypatch):
        def run(*_, **more):
            raise subprocess.TimeoutExpired("tito", more["timeout"])

        monkeypatch.setattr(surroundings.subprocess, "run", run)
        (found,) = surroundings.server(open_session())
        assert (found.ok, found.found) == (False, "no answer within 60 seconds")

    def test_whose_reason_is_known_says_it(self, workspace, monkeypatch):
        done = subprocess.CompletedProcess([], 1, b"", b"Traceback\nImportError: no attrs\n")
        monkeypatch.setattr(surroundings.subprocess, "run", lambda *a, **k: done)
        assert surroundings.server(open_session())[0].found == "ImportError: no attrs"


class TestEditors:
    def test_without_settings_nothing_is_said(self, workspace):
        assert surroundings.editors(open_session()) == []

    @pytest.mark.parametrize("name", ["neovim", "helix", "zed", "emacs"])
    def test_settings_that_start_a_tito_that_is_there_are_well(self, workspace, name, monkeypatch):
        monkeypatch.setattr(editor, "own_tito", lambda: Path(sys.executable).with_name("tito"))
        kit.tito("editor", name)
        (found,) = surroundings.editors(open_session())
        assert found.ok is Path(sys.executable).with_name("tito").is_file()
        toy.write(workspace, {EDITORS[name].file: EDITORS[name].settings("/gone/tito")})
        (found,) = surroundings.editors(open_session())
        assert (found.ok, found.needed) == (False, False)
        assert found.found == f"{EDITORS[name].file} starts /gone/tito, which is not there"
        assert found.remedy == f"tito editor {name}"

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("neovim", "vim.o.number = true\nlocal tito = { '/gone/tito', 'lsp' }\n"),
            ("emacs", '((nil . ((fill-column . 99) (tito . ("/gone/tito" "lsp")))))\n'),
            ("helix", 'mine = 1\ncommand = "/gone/tito"\n'),
            ("zed", '{"mine": 1, "path": "/gone/tito"}\n'),
            ("vscode", '{"mine": 1, "glspc.server.command": "/gone/tito"}\n'),
        ],
    )
    def test_what_mends_a_file_of_ones_own_mends_it(self, workspace, name, text, monkeypatch):
        """Whatever the doctor says to type is typed here."""
        tito = workspace / "env" / "tito"
        toy.write(workspace, {"env/tito": "", EDITORS[name].file: text})
        monkeypatch.setattr(editor, "own_tito", lambda: tito)
        (found,) = surroundings.editors(open_session())
        assert not found.ok
        program, *words = found.remedy.split()
        assert program == "tito"
        kit.tito(*words)
        (found,) = surroundings.editors(open_session())
        assert found.ok
        assert "mine" in text or "number" in text or "fill-column" in text
        after = (workspace / EDITORS[name].file).read_text(encoding="utf-8")
        assert after == text.replace("/gone/tito", EDITORS[name].command(tito, workspace))

    @pytest.mark.parametrize("name", [name for name, one in EDITORS.items() if one.file])
    def test_a_folder_in_the_place_of_settings_is_named(self, workspace, name):
        file = workspace / EDITORS[name].file
        file.unlink(missing_ok=True)
        file.mkdir(parents=True)
        text = kit.tito("doctor")
        assert f"{EDITORS[name].file} is a folder: move it, or remove it" in text
        assert "Errno" not in text
        assert "tito lsp" in text, "and all else is looked at"

    @pytest.mark.parametrize(
        ("name", "text"), [("helix", 'command = "tito'), ("zed", '{"path": "tito", }}')]
    )
    def test_settings_that_do_not_parse_are_told(self, workspace, name, text):
        toy.write(workspace, {EDITORS[name].file: f'{text}\n# "tito"\n'})
        (found,) = surroundings.editors(open_session())
        assert not found.ok
        assert found.found.startswith(f"{EDITORS[name].file}: ")

    def test_settings_about_something_else_are_let_be(self, workspace):
        toy.write(workspace, {".helix/languages.toml": "[[", ".nvim.lua": "vim.o.number = true"})
        assert surroundings.editors(open_session()) == []
