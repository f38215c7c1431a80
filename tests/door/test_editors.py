"""Editors: their files are valid, and what they do with pytest works whatever a learner wrote."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from dataclasses import dataclass
from xml.etree import ElementTree

import pytest

from pytest_tinytorch.course import selection
from pytest_tinytorch.evidence import manifest
from pytest_tinytorch.tito.main import COMMANDS
from tests.support import kit, toy, warm

VSCODE = kit.ROOT / ".vscode"
IDEA = kit.ROOT / ".idea" / "runConfigurations"
FILES = [*sorted(VSCODE.iterdir()), *sorted(IDEA.iterdir())]
ADDING = "specs/test_01_adding.py::TestAdd::test_is_the_sum"
DOUBLING = "specs/test_02_doubling.py::TestDouble::test_is_twice"


def vscode(name):
    return json.loads((VSCODE / name).read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Seen:
    """What an editor saw of a run: its exit code, the ids, and the outcome and text of each."""

    code: int
    ids: list
    outcomes: dict
    output: str


def as_vscode(root, *arguments):
    """Run pytest with the arguments of the workspace's settings, as VS Code does."""
    file = root / ".tinytorch" / "editor.json"
    file.parent.mkdir(exist_ok=True)
    environment = warm.learners_environment()
    environment |= {"PYTHONPATH": str(toy.PLUGINS), "EDITOR_FILE": str(file)}
    given = vscode("settings.json")["python.testing.pytestArgs"]
    command = ["-p", "editor_plugin", f"--rootdir={root}", *given, *arguments]
    run = warm.server().run if warm.possible() else warm.run_cold
    done = run([*command, "-p", "no:cacheprovider"], root, environment, 300)
    found = json.loads(file.read_text(encoding="utf-8"))
    return Seen(done.returncode, found["ids"], found["outcomes"], done.stdout + done.stderr)


@pytest.fixture
def workspace(tmp_path):
    return toy.build(tmp_path)


BROKEN = {
    "syntax": ("def add(:\n", "SyntaxError"),
    "exit": ("raise SystemExit(3)\n", "while it is imported: SystemExit"),
    "empty": ("", "cannot import name 'add'"),
    "bytes": (b"\xff\x00\xfe", "adding"),
    "gone": (None, "No module named 'tinytorch.adding'"),
}


def spoil(root, text):
    """Put something in the place of the learner's module."""
    file = root / "tinytorch" / "adding.py"
    if text is None:
        file.unlink()
    else:
        file.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))


class TestDiscovery:
    @pytest.mark.parametrize("kind", BROKEN)
    def test_shows_every_spec_whatever_the_code_is_like(self, workspace, kind):
        spoil(workspace, BROKEN[kind][0])
        seen = as_vscode(workspace, "--collect-only")
        assert seen.code == 0, seen.output
        assert len(seen.ids) == 8
        assert f"{workspace.as_posix()}/{ADDING}" in [id.replace("\\", "/") for id in seen.ids]

    def test_shows_what_is_locked(self, workspace):
        assert len(as_vscode(workspace, "--collect-only").ids) == 8

    @pytest.mark.parametrize("folder", ["mine", "specs"])
    def test_goes_on_where_a_test_of_ones_own_does_not_parse(self, workspace, folder):
        toy.write(workspace, {f"{folder}/test_mine.py": "def test_mine(:\n"})
        seen = as_vscode(workspace, "--collect-only")
        assert seen.code in (0, 1), seen.output  # anything else is an error to VS Code
        assert len(seen.ids) == 8

    def test_of_the_course_itself_has_all_specs_on_untouched_stubs(self, tmp_path):
        folder = kit.mixture(tmp_path, [])
        (folder / "tinytorch" / "tensor.py").write_text("def x(:", encoding="utf-8")
        run = kit.run(folder, tmp_path / "ledger.jsonl", "--collect-only", "-q")
        assert run.code == 0, run.output
        nodeids = {
            nodeid for nodeids in manifest.read_manifest(kit.ROOT).values() for nodeid in nodeids
        }
        assert f"{len(nodeids)} tests collected" in run.output


class TestRunningOne:
    """A spec that is named runs, open or not, and its outcome is one that an editor can show."""

    def test_that_waits_for_a_stub_says_so(self, workspace):
        seen = as_vscode(workspace, f"{workspace}/{DOUBLING}")
        text = "tinytorch/doubling.py:11 double is still to do"
        assert (seen.code, seen.outcomes) == (1, {DOUBLING: ["failed", text]}), seen.output

    def test_that_is_locked_runs(self, workspace):
        toy.solve(workspace, "doubling")
        seen = as_vscode(workspace, f"{workspace}/{DOUBLING}")
        text = "tinytorch/adding.py:9 add is still to do"
        assert (seen.code, seen.outcomes) == (1, {DOUBLING: ["failed", text]}), seen.output

    def test_that_passes_passes(self, workspace):
        toy.solve(workspace, "adding", "doubling")
        seen = as_vscode(workspace, f"{workspace}/{DOUBLING}")
        assert (seen.code, seen.outcomes) == (0, {DOUBLING: ["passed", ""]}), seen.output

    @pytest.mark.parametrize("kind", BROKEN)
    def test_on_broken_code_fails_with_our_message(self, workspace, kind):
        text, says = BROKEN[kind]
        spoil(workspace, text)
        seen = as_vscode(workspace, f"{workspace}/{ADDING}")
        assert seen.code == 1, seen.output
        outcome, message = seen.outcomes[ADDING]
        assert outcome == "failed"
        assert message.startswith("✗ 01 adding")
        assert says in message
        assert "Traceback" not in message


class TestProblemMatchers:
    """What VS Code makes of the lines of a run: entries of its Problems panel."""

    @staticmethod
    def entries(output):
        """(severity, file, line, message), found as VS Code does: each pattern on the next line."""
        tasks = [task for task in vscode("tasks.json")["tasks"] if task["problemMatcher"]]
        matchers = tasks[0]["problemMatcher"]
        assert all(task["problemMatcher"] == matchers for task in tasks)
        lines = output.splitlines()
        found = []
        for matcher in matchers:
            patterns = matcher["pattern"]
            patterns = [patterns] if isinstance(patterns, dict) else patterns
            for start in range(len(lines)):
                parts = [
                    re.search(pattern["regexp"], line)
                    for pattern, line in zip(patterns, lines[start:], strict=False)
                ]
                if len(parts) == len(patterns) and all(parts):
                    fields = {
                        name: part[pattern[name]]
                        for pattern, part in zip(patterns, parts, strict=True)
                        for name in ("file", "line", "message")
                        if name in pattern
                    }
                    entry = (fields["file"], int(fields["line"]), fields["message"])
                    found.append((matcher["severity"], *entry))
        return found

    def test_there_is_one_for_each_red_message_and_each_thing_to_do(self, workspace):
        wrong = toy.REFERENCE["adding"].replace("return -x", "raise ValueError(f'no {x}')")
        toy.write(workspace, {"tinytorch/adding.py": wrong})
        found = self.entries(toy.pytest_in(workspace, "--hints=1").output)
        assert found == [
            ("error", "tinytorch/adding.py", 11, "Raised    ValueError: no 3"),
            ("info", "tinytorch/squaring.py", 9, "square  1 spec waits"),
        ]

    def test_a_law_that_does_not_hold_tells_what_came(self, tmp_path):
        """By the course's own words, on the reference with one mistake."""
        text = kit.reference_text("activations")
        line = "    return np.maximum(x, 0)\n"
        assert text.count(line) == 1
        folder = kit.mixture(
            tmp_path, ["tensor"], {"activations": text.replace(line, "    return x\n")}
        )
        output = kit.run(
            folder, tmp_path / "ledger.jsonl", "specs/test_02_activations.py", "-k", "TestRelu"
        ).output
        found = self.entries(output)
        assert found
        for severity, file, _, message in found:
            assert severity == "error"
            assert file.endswith("tinytorch/activations.py")
            assert not message.startswith(("Law", "Called", "Where", "Hint"))

    def test_code_that_does_not_parse_is_marked_at_its_line(self, workspace):
        spoil(workspace, "x = 1\ndef add(:\n")
        entries = self.entries(toy.pytest_in(workspace, "--checkpoint=01").output)
        assert {entry[:3] for entry in entries} == {("error", "tinytorch/adding.py", 2)}
        assert all("SyntaxError" in entry[3] for entry in entries)


class TestVSCode:
    def test_settings_let_its_test_explorer_work(self):
        settings = vscode("settings.json")
        assert settings["python.testing.pytestEnabled"] is True
        assert settings["python.testing.unittestEnabled"] is False
        assert settings["files.autoSave"] == "off"
        pattern = settings["python.testing.autoTestDiscoverOnSavePattern"]
        assert "tinytorch" not in pattern  # saving a module changes no spec

    def test_tasks_run_what_there_is(self):
        table = vscode("tasks.json")
        assert table["version"] == "2.0.0"
        inputs = {one["id"] for one in table["inputs"]}
        labels = [task["label"] for task in table["tasks"]]
        assert len(set(labels)) == len(labels)
        for task in table["tasks"]:
            assert task["type"] == "process"
            assert task["command"] == "${command:python.interpreterPath}"
            assert set(re.findall(r"\$\{input:(\w+)\}", " ".join(task["args"]))) <= inputs
            assert task.get("dependsOn", labels[0]) in labels
            dash, module, *rest = task["args"]
            assert dash == "-m"
            if module == "pytest_tinytorch.tito":
                assert rest[0] in COMMANDS
        (default,) = [t for t in table["tasks"] if isinstance(t.get("group"), dict)]
        assert default["group"] == {"kind": "test", "isDefault": True}

    def test_the_file_that_is_open_names_its_checkpoint(self):
        for unit in kit.course().checkpoints:
            spec = unit.spec_path.rpartition("/")[2].removesuffix(".py")
            for open_file in (spec, *([unit.name] if unit.source else [])):
                assert selection.select_checkpoints(kit.course(), open_file) == (unit,)

    def test_it_recommends_the_extension_that_all_this_needs(self):
        assert vscode("extensions.json") == {"recommendations": ["ms-python.python"]}


class TestPyCharm:
    @pytest.mark.parametrize("file", sorted(IDEA.iterdir()), ids=lambda file: file.stem)
    def test_each_configuration_is_whole(self, file):
        root = ElementTree.parse(file).getroot()
        assert (root.tag, root.get("name")) == ("component", "ProjectRunConfigurationManager")
        (configuration,) = root
        values = {o.get("name"): o.get("value") for o in configuration.iter("option")}
        assert values["WORKING_DIRECTORY"] == "$PROJECT_DIR$"
        assert (values["SDK_HOME"], values["IS_MODULE_SDK"]) == ("", "false")
        if configuration.get("type") == "tests":
            # A path would name all specs one by one, and hold nothing back.
            assert json.loads(values["_new_targetType"]) == "CUSTOM"
            assert json.loads(values["_new_additionalArguments"]) == "-p tinytorch"
        else:
            assert values["MODULE_MODE"] == "true"
            assert values["SCRIPT_NAME"] in ("pytest", "pytest_tinytorch.tito")

    def test_they_are_three(self):
        names = [ElementTree.parse(file).getroot()[0].get("name") for file in IDEA.iterdir()]
        assert sorted(names) == [
            "tinytorch: a checkpoint",
            "tinytorch: everything that is open",
            "tinytorch: watch",
        ]


def settings_on_the_page(language):
    """The settings of one language that the page about editors shows."""
    text = (kit.ROOT / "docs" / "editors.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def test_the_settings_that_the_page_shows_parse_and_start_the_server():
    parsed = [*map(json.loads, settings_on_the_page("json"))]
    parsed += map(tomllib.loads, settings_on_the_page("toml"))
    assert len(parsed) == 4
    for table in parsed:
        assert "'tito'" in str(table)
        assert "'lsp'" in str(table)
    for text in settings_on_the_page("lua") + settings_on_the_page("elisp"):
        assert text.count("(") == text.count(")")
        assert text.count("{") == text.count("}")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_nothing_in_them_is_true_of_this_repository_alone(file):
    text = file.read_text(encoding="utf-8")
    for name in (str(kit.ROOT), "tests/", "/home/", "/usr/", "C:", "\\Users"):
        assert name not in text
    assert text.endswith("\n")


def test_git_does_not_pass_over_them():
    names = [str(file.relative_to(kit.ROOT)) for file in FILES]
    done = subprocess.run(
        ["git", "check-ignore", "--no-index", *names],
        cwd=kit.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == ""
    assert done.returncode == 1, done.stderr
