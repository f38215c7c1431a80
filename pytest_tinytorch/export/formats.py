"""Progress for programs, and for people who were not there: every format that a run can write."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.export import badge, classroom, gradescope, markdown
from pytest_tinytorch.export.files import write_whole

SCHEMA = 1
"""Version of the JSON; `progress.schema.json` describes it."""


def progress_table(progress: Progress) -> dict[str, Any]:
    """The progress as plain JSON values; ``schema`` is raised when a key changes its meaning."""
    return {
        "schema": SCHEMA,
        "verdict": progress.verdict_line(),
        "granting": progress.grants,
        "path": progress.learning_path.name if progress.learning_path else None,
        "borrowed": [unit.id for unit in progress.borrowed],
        "asked": sorted(progress.selected),
        "gained": list(progress.newly_passed),
        "units": {
            unit.id: {
                "name": unit.name,
                "title": unit.title,
                "state": progress.state[unit.id],
                "on_path": progress.is_on_path(unit),
                "specs": dict(progress.verdicts[unit.id].counts)
                if unit.id in progress.verdicts
                else {},
                "headline": progress.verdicts[unit.id].headline
                if unit.id in progress.verdicts
                else "",
                "groups": [
                    {"name": g.name, "passed": g.passed, "total": g.total}
                    for g in progress.groups.get(unit.id, ())
                ],
                "notes": dict(progress.notes.get(unit.id, {})),
                "proved_at": progress.achievements[unit.id].at
                if unit.id in progress.achievements
                else None,
            }
            for unit in progress.curriculum.units
        },
        "tasks": [
            {
                "unit": task.unit.id,
                "exercise": task.exercise,
                "file": task.file,
                "line": task.line,
                "kind": task.state,
                "waiting": task.waiting_specs,
            }
            for task in progress.tasks
        ],
        "warnings": list(progress.warnings),
    }


def progress_json(progress: Progress) -> str:
    """The progress as JSON, see `progress.schema.json`."""
    return json.dumps(progress_table(progress), indent=2, ensure_ascii=False) + "\n"


def journey_page(progress: Progress, root: Path | None = None) -> str:
    """The journey page, with the pictures that are saved in the workspace at ``root``."""
    from pytest_tinytorch.export.journey import page, pictures  # much, for this format alone

    return page.journey_page(progress, pictures.read_pictures(root) if root else ())


FORMATS: Mapping[str, Callable[[Progress], str]] = {
    "html": journey_page,
    "json": progress_json,
    "markdown": markdown.markdown_page,
    "badge": badge.badge_svg,
    "shields": badge.shields_json,
    "gradescope": gradescope.gradescope_json,
    "classroom": classroom.classroom_json,
}
"""Name of each format, as options and commands write it, to what makes its text."""


def write_export(progress: Progress, format: str, file: Path, root: Path | None = None) -> None:
    """Write the progress to ``file``, which is the old one until the new one is whole.

    Args:
        progress: what to write.
        format: how, one of `FORMATS`.
        file: where to.
        root: of the workspace, if the page is to show the pictures that are saved in it.
    Raises:
        OSError: that cannot be done.
    """
    write_whole(file, _text(progress, format, root).encode("utf-8"))


def _text(progress: Progress, format: str, root: Path | None) -> str:
    if format == "html":
        return journey_page(progress, root)
    return FORMATS[format](progress)
