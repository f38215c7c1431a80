"""The wheel, where there is no repository: from `tito init` to the first checkpoint and to an update."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from pytest_tinytorch.evidence.paths import SHIPPED
from pytest_tinytorch.kit import files as shipped
from tests.support import kit, shared, toy
from tests.support.warm import learners_environment

SOURCES = ("pytest_tinytorch", "pyproject.toml", "setup.py", "README.md", "LICENSE")
"""What the build needs besides the files of the kit."""
OURS = ["tinytorch", "specs"]
"""Packages at the root of the repository, which nobody finds from elsewhere."""


def run(command, folder, code=0):
    """What a command prints, in an environment that knows nothing of this repository."""
    ours = ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
    environment = {k: v for k, v in learners_environment().items() if k not in ours}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel out of an archive of the source."""
    (built,) = shared.folder(tmp_path_factory, "wheel", build).glob("*.whl")
    return built


def build(folder):
    """Build the wheel in this folder, out of a copy: builds leave files behind."""
    source = folder / "source"
    copied = list(shipped.kit_files(kit.ROOT))
    copied += [
        file.relative_to(kit.ROOT).as_posix()
        for name in SOURCES
        for file in [kit.ROOT / name, *(kit.ROOT / name).rglob("*")]
        if file.is_file() and "__pycache__" not in file.parts
    ]
    for path in copied:
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(kit.ROOT / path, source / path)
    (source / "specs" / "__pycache__").mkdir()
    (source / "specs" / "__pycache__" / "laws.cpython-311.pyc").touch()
    toy.write(source, {"tinytorch/tensor.py": "answers", ".tinytorch/ledger.jsonl": "{}"})
    run([sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, source], folder)


class Installation:
    """A virtual environment with the wheel in it, and with the packages that run these tests."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        run([sys.executable, "-m", "venv", "--without-pip", folder], folder.parent)
        self.scripts = folder / ("Scripts" if os.name == "nt" else "bin")
        self.python = self.scripts / "python"
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", folder]
        run([*pip, "install", "--quiet", "--no-index", "--no-deps", wheel], folder.parent)
        code = "import sysconfig; print(sysconfig.get_path('purelib'))"
        self.packages = Path(run([self.python, "-c", code], folder.parent).strip())
        # Folders that a .pth names are searched last, and the .pth files in them are not read: an
        # editable installation of this repository stays out of sight.
        ours = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
        (self.packages / "ours.pth").write_text("\n".join(ours), encoding="utf-8")

    def pytest(self, workspace: Path, *arguments: str, code: int = 0) -> tuple[str, set[str]]:
        """What a run prints, and which checkpoints are passed."""
        file = workspace / ".tinytorch" / "progress.json"
        options = ["-p", "tinytorch", f"--tinytorch-json={file}", *arguments]
        text = run([self.python, "-m", "pytest", *options], workspace, code)
        units = json.loads(file.read_text(encoding="utf-8"))["units"]
        return text, {toy.short(u) for u, entry in units.items() if entry["state"] == "passed"}

    def tito(self, folder: Path, *arguments: str, code: int = 0) -> str:
        return run([self.scripts / "tito", *arguments], folder, code)


def test_the_build_needs_no_library():
    """It runs with setuptools alone, before anything that the kit requires is there."""
    lines = (kit.ROOT / "setup.py").read_text(encoding="utf-8").splitlines()
    own = [line for line in lines if line.startswith("from pytest_tinytorch")]
    assert own
    code = "\n".join([f"import sys; sys.path.insert(0, {str(kit.ROOT)!r})", *own])
    subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True)


def test_the_wheel_has_what_a_workspace_is_made_of(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        prefix = f"pytest_tinytorch/{SHIPPED}/"
        packed = {name.removeprefix(prefix): name for name in names if name.startswith(prefix)}
        present = shipped.kit_files(kit.ROOT)
        assert packed.keys() == present.keys()
        for path, name in packed.items():
            assert archive.read(name) == present[path].read_bytes(), path
    assert not [name for name in names if "__pycache__" in name or ".tinytorch/" in name]
    assert {name.partition("/")[0] for name in names} == {
        "pytest_tinytorch",
        f"pytest_tinytorch-{shipped.kit_version()}.dist-info",
    }
    data = {
        "py.typed",
        "course/curriculum.toml",
        "export/progress.schema.json",
        "export/journey/journey.css",
        "export/portfolio/portfolio.css",
        "kit/templates/README.md",
    }
    assert {f"pytest_tinytorch/{file}" for file in data} <= set(names)


def test_our_own_installation_hides_the_learners_package(tmp_path):
    code = f"import importlib.util as u; print(*map(u.find_spec, {OURS}))"
    assert run([sys.executable, "-c", code], tmp_path) == "None None\n"


@pytest.mark.slow
def test_a_learners_way_from_the_wheel_on(wheel, tmp_path):
    installed = Installation(tmp_path / "environment", wheel)
    code = (
        "import importlib.util as u, pytest_tinytorch, sys;"
        f"print(pytest_tinytorch.__file__, *map(u.find_spec, {OURS}));"
        "print(*sys.path, sep='\\n')"
    )
    first, *path = run([installed.python, "-c", code], tmp_path).splitlines()
    assert first == f"{installed.packages / 'pytest_tinytorch' / '__init__.py'} None None"
    assert str(kit.ROOT) not in path

    assert "cd my-torch" in installed.tito(tmp_path, "init", "my-torch")
    workspace = tmp_path / "my-torch"
    assert not (workspace / "reference").exists()

    # Nothing is written yet.
    _, passed = installed.pytest(workspace, code=1)
    assert passed == {"00"}
    _, passed = installed.pytest(workspace, "--todo-ok")
    assert passed == {"00"}
    installed.tito(workspace, "doctor")
    run([installed.python, "-m", "pytest_tinytorch.manifest", "--check"], workspace)

    # The worked solution is in the wheel, for those who ask for it.
    _, passed = installed.pytest(workspace, "--reference", "--checkpoint", "00-02")
    assert passed == {"00", "01", "02"}
    script = next((workspace / "milestones").glob("01_*/run.py"))
    assert "I have" in run([installed.python, script, "--reference"], workspace)

    # A module is written, while the one below it is borrowed.
    activations = workspace / "tinytorch" / "activations.py"
    activations.write_text(kit.reference_text("activations"), encoding="utf-8")
    text = installed.tito(workspace, "module", "complete", "02", "--", "--borrow=01")
    assert "02 activations passed" in text
    mine = activations.read_bytes()

    # The next version of the kit.
    home = installed.packages / "pytest_tinytorch" / SHIPPED
    for file in (home / "specs" / "laws.py", home / "reference" / "tinytorch" / "activations.py"):
        with file.open("a", encoding="utf-8") as stream:
            stream.write("\n# newer\n")
    (metadata,) = installed.packages.glob("pytest_tinytorch-*.dist-info/METADATA")
    now = metadata.read_text(encoding="utf-8")
    metadata.write_text(now.replace(f"Version: {shipped.kit_version()}", "Version: 99.0"), "utf-8")
    assert "newer     specs/laws.py" in installed.tito(workspace, "update", "--check", code=1)
    assert "yours     tinytorch/activations.py" in installed.tito(workspace, "update")
    assert activations.read_bytes() == mine
    assert (workspace / "specs" / "laws.py").read_text(encoding="utf-8").endswith("# newer\n")
    assert "Up to date" in installed.tito(workspace, "update", "--check")
    installed.pytest(workspace, "--checkpoint", "00")
