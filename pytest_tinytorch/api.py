"""What specs, milestones and a course's own conftest may import from the plugin; `docs/api.md` has it all.

Everything else may move. A workspace made by another version of the kit then says "run tito update".
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from pytest_tinytorch import settings
from pytest_tinytorch.course.commands import commands_in
from pytest_tinytorch.course.curriculum import Curriculum, CurriculumError, NamedCheckpoints, Unit
from pytest_tinytorch.course.options import WORKSPACE_FILE
from pytest_tinytorch.evidence import importing
from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.evidence.workspace import Workspace
from pytest_tinytorch.export.journey.pictures import FOLDER as PICTURES
from pytest_tinytorch.kit.installed import version_of
from pytest_tinytorch.run.exceptions import LawBroken, MissingName
from pytest_tinytorch.run.explainer import Explainer
from pytest_tinytorch.run.places import Spec
from pytest_tinytorch.terminal.glyphs import Glyphs, glyphs_for
from pytest_tinytorch.threads import use_one_thread

__all__ = [
    "PICTURES",
    "Curriculum",
    "CurriculumError",
    "Glyphs",
    "LawBroken",
    "MissingName",
    "NamedCheckpoints",
    "Progress",
    "Unit",
    "curriculum",
    "explanation",
    "glyphs_for",
    "run_milestone",
    "use_package",
    "version_of",
]

curriculum = settings.curriculum_of


def use_package(root: Path, reference: bool = False, borrow: str | None = None) -> Workspace:
    """Let `import tinytorch` find the package of the workspace in ``root``, or the worked solution.

    ``borrow`` names modules to take from the worked solution; otherwise that is as the settings and the
    last run have it.

    Raises:
        CurriculumError, UnknownName, ValueError: the workspace or its settings are wrong.
    """
    workspace = settings.workspace_at(root, reference, borrow)
    importing.install_finder(workspace.implementation)
    return workspace


def explanation(workspace: Workspace, unit: Unit, error: Exception) -> str:
    """What a learner is told of an error in a milestone's script; empty if their code is not to blame."""
    explainer = Explainer(
        workspace.curriculum,
        workspace.implementation,
        workspace.root,
        commands=commands_in(os.environ),
    )
    finding = explainer.explain(Spec("", unit, unit.title, ""), error)
    return finding.text if finding.outcome.file else ""


def run_milestone(script: str) -> NoReturn:
    """Play the milestone whose ``run.py`` this is, wherever it was started, and exit with its code.

    Its scene is `milestones.scenes.NAME` and its terminal `milestones.screen`, both of its own workspace.
    What is wrong with the workspace or its settings is said in a line. Matrices are multiplied in one
    thread, see `threads.use_one_thread`.
    """
    use_one_thread()
    folder = Path(script).resolve().parent
    root = folder.parents[1]
    try:
        unit = _milestone_in(folder, root)
    except ValueError as error:
        raise SystemExit(str(error)) from None
    sys.path.insert(0, str(root))  # where a script's path begins, there is only its own folder
    screen = import_module("milestones.screen")
    scene = import_module(f"milestones.scenes.{unit.name}")
    raise SystemExit(screen.play(unit, scene.show))


def _milestone_in(folder: Path, root: Path) -> Unit:
    """The milestone that ``folder`` belongs to; ValueError if the workspace in ``root`` has none such."""
    if not (root / WORKSPACE_FILE).is_file():
        raise ValueError(f"{root} is not a tinytorch workspace: it has no {WORKSPACE_FILE}")
    for unit in settings.curriculum_of(root).milestones:
        if Path(unit.spec_path).name == folder.name:
            return unit
    raise ValueError(f"{folder.name} is not a milestone of the curriculum that {root} follows")
