"""The kit itself, seen from its own tests: mixtures of reference and stubs, and runs on them."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from click.testing import CliRunner

from pytest_tinytorch.course import curriculumfile
from pytest_tinytorch.course.curriculum import Curriculum, Unit
from pytest_tinytorch.kit import stubs
from pytest_tinytorch.tito.main import main
from tests.support.toy import Run, pytest_in

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "reference"


@cache
def course() -> Curriculum:
    return curriculumfile.load_curriculum()


def modules() -> list[Unit]:
    """The checkpoints that have a module of their own."""
    return [unit for unit in course().checkpoints if unit.source]


@cache
def stub_texts() -> Mapping[str, str]:
    return stubs.generate_stubs(course(), REFERENCE)


def reference_text(module: str) -> str:
    return (REFERENCE / "tinytorch" / f"{module}.py").read_text(encoding="utf-8")


def mixture(folder: Path, solved: Iterable[str], changed: Mapping[str, str] | None = None) -> Path:
    """A folder with a package ``tinytorch``: stubs, but the reference for the modules ``solved``.

    ``changed`` maps a module to a source of its own.
    """
    package = folder / "tinytorch"
    shutil.rmtree(package, ignore_errors=True)
    package.mkdir(parents=True)
    texts = {name.removesuffix(".py"): text for name, text in stub_texts().items()}
    texts |= {module: reference_text(module) for module in solved}
    texts |= changed or {}
    for module, text in texts.items():
        (package / f"{module}.py").write_text(text, encoding="utf-8")
    return folder


def run(
    source: Path | None,
    ledger: Path,
    *arguments: str,
    shuffle: int | None = None,
    profile: str = "learn",
    cold: bool = False,
    timeout: int = 1200,
) -> Run:
    """Run the kit's specs on the package in ``source``, with a ledger of its own.

    The seed makes each run draw the same examples: a proof must not hold by luck. Examples that no
    run has seen yet are for the thorough profile (`tox -e specs`). The profile ``glance`` has one
    a spec, which shows whether a function is there at all; ``unshrunk`` shows which specs are red.
    """
    chosen = [f"--source={source}"] if source else []
    options = [*chosen, f"--ledger={ledger}", f"--hypothesis-profile={profile}"]
    options += ["--hypothesis-seed=0"]
    options += ["-p", f"{profile}_plugin"] if profile in ("glance", "unshrunk") else []
    # The specs stay as they are, so what they are compiled to is kept, unlike that of a toy workspace.
    variables = {"PYTHONDONTWRITEBYTECODE": ""}
    return pytest_in(
        ROOT, *options, *arguments, shuffle=shuffle, timeout=timeout, cold=cold, variables=variables
    )


def tito(*arguments: str, code: int | None = 0, answer: str | None = None) -> str:
    """What a command of `tito` prints. It ends with this code, or with any if that is None."""
    done = CliRunner().invoke(main, arguments, input=answer)
    assert code is None or done.exit_code == code, done.output
    return done.output


def contents(root: Path) -> dict[str, bytes]:
    """Path to content of every file in a folder, git's own left out."""
    return {
        file.relative_to(root).as_posix(): file.read_bytes()
        for file in root.rglob("*")
        if file.is_file() and ".git" not in file.relative_to(root).parts
    }
