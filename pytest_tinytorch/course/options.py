"""What a person can ask of a run, and the names by which settings and workspaces are known."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from pytest_tinytorch.course.commands import PYTEST, Commands

CURRICULUM_SETTING = "tinytorch_curriculum"
PATH_SETTING = "tinytorch_path"
BORROW_SETTING = "tinytorch_borrow"
SPECS_SETTING = "tinytorch_specs"
"""Settings of pytest: a curriculum of one's own, what runs follow without ``--path`` and borrow without
``--borrow``, and the digest of specs that a course has changed and stands by."""
NO_BORROWING = "none"
"""What ``--borrow`` takes for a run that borrows nothing, whatever the settings say."""
WORKSPACE_FILE = "specs/manifest.json"
"""The manifest. A folder that has this file is a workspace; anywhere else the plugin does nothing."""
EXPORTS = {
    "html": "the journey page: one HTML file, for people",
    "json": "JSON, for programs",
    "markdown": "Markdown, for the summary of a CI job",
    "badge": "an SVG badge",
    "shields": "JSON for an endpoint badge of shields.io",
    "gradescope": "results for the Gradescope autograder",
    "classroom": "results for the GitHub Classroom autograder",
}
"""The formats of `export.formats.FORMATS`, in a few words."""


class Options(Struct, frozen=True):
    """What was asked for on the command line.

    Attributes:
        checkpoint: as typed, or None.
        milestone: as typed, or None.
        borrow: checkpoints to take from the reference, as typed.
        borrow_from: what named them: the option or the setting.
        learning_path: its name, or None.
        learning_path_from: what named it: the option or the setting.
        reference: whether to judge the worked solution.
        todo_ok: whether untouched and locked parts are no failure.
        gate: whether what is not open is held back.
        hints: how many hints a message gives.
        capabilities: whether to print the map instead of running.
        timeline: None, ``"tree"`` or ``"horizontal"``: print it instead of running.
        source: folder that holds the package under test, or None for the root.
        ledger: the ledger's file, or None for the usual one.
        exports: (format, file) of each file to write the progress to.
        scale: the data that milestones use: ``"tiny"`` or ``"full"``.
        nodeids: whether a collection lists its node ids for the manifest.
        commands: what a person types next, as messages say it.
        isolate: whether specs run in processes of their own; None leaves it to `run.isolation`.
    """

    checkpoint: str | None = None
    milestone: str | None = None
    borrow: str | None = None
    borrow_from: str = "--borrow"
    learning_path: str | None = None
    learning_path_from: str = "--path"
    reference: bool = False
    todo_ok: bool = False
    gate: bool = True
    hints: int = 0
    capabilities: bool = False
    timeline: str | None = None
    source: Path | None = None
    ledger: Path | None = None
    exports: tuple[tuple[str, Path], ...] = ()
    scale: str = "tiny"
    nodeids: bool = False
    commands: Commands = PYTEST
    isolate: bool | None = None

    @property
    def runs(self) -> bool:
        """Whether specs run, and not only the map or the timeline is printed."""
        return not (self.capabilities or self.timeline)

    @property
    def selects(self) -> bool:
        """Whether some units were picked."""
        return self.checkpoint is not None or self.milestone is not None
