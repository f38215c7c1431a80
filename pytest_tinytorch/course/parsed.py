"""Keeps the kit's own curriculum as JSON, so that no start reads TOML and checks it again.

Maintainers write the file with ``python -m pytest_tinytorch.course.parsed`` and check it with ``--check``.
"""

from __future__ import annotations

import json
import sys

from msgspec import to_builtins

from pytest_tinytorch.course.curriculumfile import table_of
from pytest_tinytorch.course.entries import build_curriculum
from pytest_tinytorch.course.kept import KEPT, TABLE, digest


def json_text(text: str) -> str:
    """What belongs into the file for the text of a curriculum."""
    curriculum = build_curriculum(table_of(text))
    found = {"of": digest(text), "curriculum": to_builtins(curriculum)}
    return json.dumps(found, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    new = json_text(TABLE.read_text(encoding="utf-8"))
    if sys.argv[1:] == ["--check"]:
        sys.exit(KEPT.read_text(encoding="utf-8") != new)
    KEPT.write_text(new, encoding="utf-8", newline="\n")
    print(f"wrote {KEPT}")
