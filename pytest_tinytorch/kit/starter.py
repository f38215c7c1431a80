"""A workspace as it begins: the path of each file, and what is in it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from string import Template

from pytest_tinytorch.course.curriculumfile import load_curriculum
from pytest_tinytorch.evidence.implementation import PACKAGE, kit_home
from pytest_tinytorch.kit import record, stubs
from pytest_tinytorch.kit.files import kit_files
from pytest_tinytorch.lessons.page import workspace_lessons

TEMPLATES = Path(__file__).with_name("templates")
RENDERED = {
    "README.md": "README.md",
    "pyproject.toml": "pyproject.toml",
    ".gitignore": "gitignore",
    ".gitattributes": "gitattributes",
    "AGENTS.md": "tutor.md",
}
"""Files that only a workspace has, and their templates."""

POINTERS = {
    "CLAUDE.md": "@AGENTS.md\n",
    "GEMINI.md": "@./AGENTS.md\n",
    ".github/copilot-instructions.md": "You are a tutor in this repository: follow AGENTS.md.\n",
}
"""Files that assistants read which do not read AGENTS.md, or read something else first: a line each."""

WORKFLOW = ".github/workflows/learn.yml"
TAKEN = frozenset({"numpy", "pytest", "pytest-tinytorch", "tinytorch", "torch"})
"""Names that a learner's project must not have, because packages that stand beside it do."""


def workspace_files(name: str, version: str) -> dict[str, bytes]:
    """Path to content of every file of a workspace, all exercises untouched.

    Args:
        name: of the learner's project.
        version: of the kit that it needs at least.
    """
    source = kit_home()
    found = {
        path: record.normalized(path, file.read_bytes())
        for path, file in kit_files(source).items()
        if not path.startswith(("reference/", "docs/"))
    }
    curriculum = load_curriculum()
    texts = {WORKFLOW: workflow_of_own(found[WORKFLOW].decode("utf-8"))}
    texts |= workspace_lessons(source, curriculum) | POINTERS
    for file, text in stubs.generate_stubs(curriculum, source / "reference").items():
        texts[f"{PACKAGE}/{file}"] = text
    for path, template in RENDERED.items():
        text = (TEMPLATES / template).read_text(encoding="utf-8")
        texts[path] = Template(text).substitute(name=name, version=version)
    return found | {path: text.encode("utf-8") for path, text in texts.items()}


def workflow_of_own(text: str) -> str:
    """The workflow of forks without what is said of forks, and without the line that keeps it to them.

    >>> text = "# On forks.\\non: push\\n    if: ${{ github.event.repository.fork }}\\n"
    >>> print(workflow_of_own(text), end="")
    # Your progress, in the summary of each push.
    on: push
    """
    lines = [
        line
        for line in text.splitlines(keepends=True)
        if not line.startswith("#") and "github.event.repository.fork" not in line
    ]
    return "# Your progress, in the summary of each push.\n" + "".join(lines)


def project_name(folder: str) -> str:
    """A name for the learner's project, made of the folder's.

    >>> project_name("My torch (2)"), project_name("torch"), project_name("ФИО")
    ('My-torch-2', 'my-torch', 'my-torch')
    """
    name = re.sub(r"[^A-Za-z0-9]+", "-", folder).strip("-")
    return f"my-{name or 'torch'}" if not name or name.lower() in TAKEN else name


def create_workspace(target: Path, files: Mapping[str, bytes]) -> None:
    """Write files to ``target``, a folder that is new or empty: all of them, or none.

    Raises:
        OSError: one cannot be written; nothing is left behind.
    """
    made = [folder for folder in (target, *target.parents) if not folder.exists()]
    try:
        for path, content in files.items():
            file = target / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
    except BaseException:
        for rest in {target / path.partition("/")[0] for path in files}:
            shutil.rmtree(rest, ignore_errors=True)
            with suppress(OSError):
                rest.unlink()
        for folder in made:
            with suppress(OSError):
                folder.rmdir()
        raise
