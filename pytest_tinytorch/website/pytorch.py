"""What PyTorch's users write, and what it comes to here: lists that tests and framework keep."""

from __future__ import annotations

import runpy
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pytest_tinytorch.lessons.markup import plain
from pytest_tinytorch.website.text import table

TITLES = {"Tensor": "methods of a tensor", "Module": "methods of a module"}


def numbers(file: Path) -> str:
    """How many habits work, are refused, and stay different."""
    found = tomllib.loads(file.read_text(encoding="utf-8"))
    refused, stays = found["refused"]["names"], found["stays"]
    total = sum(1 for _ in habits(found))
    works = total - len(refused) - len(stays)
    return (
        f"Of {total} habits {works} work, {len(refused)} give an error that says what to write, and"
        f" {len(stays)} [stay different](#what-stays-different)."
    )


def habits(found: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield (group, name, code) of all."""
    for group, lines in found.items():
        if group not in ("raises", "refused", "stays"):
            for name, code in lines.items():
                yield group, name, code.strip()


def working(file: Path) -> str:
    """What works, group by group."""
    found = tomllib.loads(file.read_text(encoding="utf-8"))
    others = {*found["refused"]["names"], *found["stays"]}
    groups: dict[str, list[str]] = {}
    for group, name, code in habits(found):
        if f"{group}.{name}" not in others:
            groups.setdefault(group, []).append(code)
    return "\n\n".join(details(f"{group} · {len(codes)}", codes) for group, codes in groups.items())


def details(title: str, codes: list[str]) -> str:
    """Programs that open on a click."""
    lines = ["```python", *"\n".join(codes).splitlines(), "```"]
    return "\n".join([f'??? abstract "{title}"', "", *(f"    {line}".rstrip() for line in lines)])


def staying(file: Path) -> str:
    """What stays different, what to write instead, and why."""
    found = tomllib.loads(file.read_text(encoding="utf-8"))
    rows = [
        (f"`{one['pytorch']}`", f"`{one['write']}`", one["why"]) for one in found["stays"].values()
    ]
    return table(("PyTorch", "here", "why"), rows)


def instead(file: Path) -> str:
    """What PyTorch has and the framework has not, with what to write, place by place."""
    tables = runpy.run_path(str(file))["INSTEAD"]
    parts = []
    for place, ways in tables.items():
        rows = [(f"`{name}`", plain(way)) for name, way in ways.items()]
        lines = table(("PyTorch", "here"), rows).splitlines()
        title = TITLES.get(place, place)
        parts.append("\n".join([f'??? abstract "{title}"', "", *(f"    {line}" for line in lines)]))
    return "\n\n".join(parts)
