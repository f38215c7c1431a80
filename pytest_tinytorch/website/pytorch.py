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
    """How many habits work, are refused, and wait."""
    found = tomllib.loads(file.read_text(encoding="utf-8"))
    refused, pending = found["refused"]["names"], found["pending"]
    total = sum(1 for _ in habits(found))
    works = total - len(refused) - len(pending)
    waiting = f", and {len(pending)} are still to come" if pending else ""
    return (
        f"Of {total} habits {works} work, {len(refused)} are refused with the way named{waiting}."
    )


def habits(found: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield (group, name, code) of all."""
    for group, lines in found.items():
        if group not in ("raises", "refused", "pending"):
            for name, code in lines.items():
                yield group, name, code.strip()


def working(file: Path) -> str:
    """What works, group by group."""
    found = tomllib.loads(file.read_text(encoding="utf-8"))
    others = {*found["refused"]["names"], *found["pending"]}
    groups: dict[str, list[str]] = {}
    for group, name, code in habits(found):
        if f"{group}.{name}" not in others:
            groups.setdefault(group, []).append(code)
    return "\n\n".join(details(f"{group} · {len(codes)}", codes) for group, codes in groups.items())


def details(title: str, codes: list[str]) -> str:
    """Programs that open on a click."""
    lines = ["```python", *"\n".join(codes).splitlines(), "```"]
    return "\n".join([f'??? abstract "{title}"', "", *(f"    {line}".rstrip() for line in lines)])


def waiting(file: Path) -> str:
    """What does not work yet, and why."""
    found = tomllib.loads(file.read_text(encoding="utf-8"))
    codes = {f"{group}.{name}": code for group, name, code in habits(found)}
    reasons: dict[str, list[str]] = {}
    for name, text in found["pending"].items():
        reasons.setdefault(text.partition(": ")[2], []).append(codes[name])
    return "\n\n".join(details(reason, reasons[reason]) for reason in reasons)


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
