"""Progress for programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pytest_tinytorch.progress import Progress

SCHEMA = 1


def table(progress: Progress) -> dict[str, Any]:
    """The progress as plain JSON values; ``schema`` is raised when a key changes its meaning."""
    return {
        "schema": SCHEMA,
        "verdict": progress.verdict_line(),
        "granting": progress.granting,
        "asked": sorted(progress.asked),
        "gained": list(progress.gained),
        "units": {
            unit.id: {
                "name": unit.name,
                "title": unit.title,
                "state": progress.state[unit.id],
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
            }
            for unit in progress.curriculum.units
        },
        "tasks": [
            {
                "unit": task.unit.id,
                "exercise": task.exercise,
                "file": task.file,
                "line": task.line,
                "kind": task.kind,
                "waiting": task.waiting,
            }
            for task in progress.tasks
        ],
        "warnings": list(progress.warnings),
    }


def write_json(progress: Progress, file: Path) -> None:
    """Write the progress to ``file``; OSError if that cannot be done."""
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(table(progress), indent=2, ensure_ascii=False) + "\n"
    file.write_text(text, encoding="utf-8")
