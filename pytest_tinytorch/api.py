"""What specs, milestones and a course's own conftest may import from the plugin; `docs/api.md` has it all.

Everything else may move. A workspace made by another version of the kit then says "run tito update".
"""

from __future__ import annotations

from pathlib import Path

from pytest_tinytorch import settings
from pytest_tinytorch.course.curriculum import Curriculum, CurriculumError, NamedCheckpoints, Unit
from pytest_tinytorch.evidence import implementation
from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.evidence.workspace import Workspace
from pytest_tinytorch.export.journey.pictures import FOLDER as PICTURES
from pytest_tinytorch.run.exceptions import LawBroken, MissingName
from pytest_tinytorch.run.explainer import Explainer, Spec
from pytest_tinytorch.terminal.glyphs import Glyphs, glyphs_for

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
    "use_package",
]

curriculum = settings.curriculum_of


def use_package(root: Path, reference: bool = False) -> Workspace:
    """Let `import tinytorch` find the package of the workspace in ``root``, or the worked solution.

    Raises:
        CurriculumError, UnknownName, ValueError: the workspace or its settings are wrong.
    """
    workspace = settings.workspace_at(root, reference)
    implementation.install_finder(workspace.implementation)
    return workspace


def explanation(workspace: Workspace, unit: Unit, error: Exception) -> str:
    """What a learner is told of an error in a milestone's script; empty if their code is not to blame."""
    explainer = Explainer(workspace.curriculum, workspace.implementation, workspace.root)
    finding = explainer.explain(Spec("", unit, unit.title, ""), error)
    return finding.text if finding.outcome.file else ""
