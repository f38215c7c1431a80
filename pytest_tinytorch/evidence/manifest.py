"""The manifest: the names of all specs of every unit, so that a shrunken collection is noticed.

Test selection, a deleted class or a failed import make a run smaller, never larger; a group total
taken from the run itself would not show it. Maintainers write the file with
``python -m pytest_tinytorch.manifest`` and check it with ``--check``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from pytest_tinytorch.course.curriculum import Curriculum, UnitId
from pytest_tinytorch.course.options import WORKSPACE_FILE
from pytest_tinytorch.evidence.jsontext import parsed


def read_manifest(root: Path) -> dict[UnitId, tuple[str, ...]]:
    """Unit id to the node ids of its specs.

    Raises:
        ValueError: the file is missing or damaged; the message says how to write it anew.
    """
    file = root / WORKSPACE_FILE
    remedy = "restore it, or regenerate it with `python -m pytest_tinytorch.manifest`"
    try:
        table = parsed(file.read_bytes())
    except OSError as error:
        raise ValueError(f"{file}: {error.strerror}; {remedy}") from error
    except ValueError as error:
        raise ValueError(f"{file}: not JSON ({error}); {remedy}") from error
    if not isinstance(table, dict) or not all(isinstance(v, list) for v in table.values()):
        raise ValueError(f"{file}: must map units to lists of node ids; {remedy}")
    return {UnitId(unit): tuple(map(str, nodeids)) for unit, nodeids in table.items()}


def specs_by_unit(curriculum: Curriculum, nodeids: Iterable[str]) -> dict[UnitId, list[str]]:
    """Node ids by the unit they belong to; those that belong to none are left out."""
    table: dict[UnitId, list[str]] = {unit.id: [] for unit in curriculum.units}
    for nodeid in nodeids:
        owner = curriculum.unit_of_spec(nodeid)
        if owner is not None:
            table[owner.id].append(nodeid)
    return table


def manifest_text(table: Mapping[UnitId, Iterable[str]]) -> str:
    """The manifest as it stands in the file."""
    import json  # only maintainers write it

    return json.dumps(table, indent=1, ensure_ascii=False) + "\n"
