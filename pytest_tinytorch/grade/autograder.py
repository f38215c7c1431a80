"""An autograder for Gradescope: a zip with the kit, the course, and the scripts that Gradescope runs."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from pytest_tinytorch.evidence.implementation import PACKAGE
from pytest_tinytorch.grade.kit import JUDGES, REFERENCE, Kit
from pytest_tinytorch.grade.packing import packed
from pytest_tinytorch.grade.wheel import wheel
from pytest_tinytorch.kit.files import DISTRIBUTION

SCRIPTS = Path(__file__).with_name("gradescope")
SETUP, RUN = "setup.sh", "run_autograder"


def autograder_zip(kit: Kit, root: Path | None, course_file: Path | None) -> bytes:
    """The autograder that Gradescope takes.

    It has the wheel of this plugin, since no package index need have it; what that depends on is
    installed when Gradescope builds its image, in the versions that are installed here.

    Args:
        kit: what judges, and what is asked.
        root: the workspace that it comes from; None for the installed kit.
        course_file: with points, late days and limits.
    """
    name, data = wheel()
    files = {
        SETUP: (SCRIPTS / SETUP).read_bytes(),
        RUN: (SCRIPTS / RUN).read_bytes(),
        "options": "".join(f"{option}\n" for option in kit.options).encode("utf-8"),
        "constraints.txt": constraints().encode("utf-8"),
        f"wheels/{name}": data,
    }
    if course_file is not None:
        files["course.toml"] = course_file.read_bytes()
    files |= {f"kit/{path}": content for path, content in workspace_of(kit, root).items()}
    return packed(files, (SETUP, RUN))


def workspace_of(kit: Kit, root: Path | None) -> dict[str, bytes]:
    """The workspace in which submissions are judged, with a worked solution of its own if it has one."""
    own = {path: data for path, data in kit.files.items() if not path.startswith(f"{REFERENCE}/")}
    stubs = {f"{PACKAGE}/{name}": data for name, data in kit.package.items()}
    solved = sorted((root / REFERENCE / PACKAGE).glob("*.py")) if root else []
    solution = {f"{REFERENCE}/{PACKAGE}/{file.name}": file.read_bytes() for file in solved}
    return {**own, **stubs, **solution}


def constraints() -> str:
    """The versions of what a verdict depends on, as pip reads them."""
    pinned = [package for package in JUDGES if package != DISTRIBUTION]
    return "".join(f"{package}=={version(package)}\n" for package in pinned)
