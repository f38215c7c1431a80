"""The entries of the curriculum's TOML, read into units and groups, and checked."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any

from pytest_tinytorch.course.curriculum import (
    Curriculum,
    CurriculumError,
    DataSet,
    NamedCheckpoints,
    Unit,
    UnitId,
)

WEEKS = r"[1-9]\d?(-[1-9]\d?)?"


def build_curriculum(table: Mapping[str, Any]) -> Curriculum:
    """A curriculum from the parsed TOML; CurriculumError names the entry that is wrong."""
    lists = {"checkpoints", "milestones", "tiers", "stages", "levels", "paths", "datasets"}
    _known("the file", table, {"title", *lists})
    checkpoints = [_checkpoint(entry) for entry in table.get("checkpoints", [])]
    if not checkpoints:
        raise CurriculumError("it has no [[checkpoints]]")
    milestones: list[Unit] = []
    for entry in table.get("milestones", []):
        earlier = [unit.id for unit in milestones]
        milestones.append(_milestone(entry, earlier))
    units = (*checkpoints, *milestones)
    _check_unique(units)
    _check_needs(units)
    numbers = [unit.number for unit in checkpoints]
    tiers, stages, paths, levels = (
        tuple(_group(kind, entry, numbers) for entry in table.get(kind, []))
        for kind in ("tiers", "stages", "paths", "levels")
    )
    known = [unit.number for unit in milestones]
    datasets = tuple(_dataset(entry, known) for entry in table.get("datasets", []))
    title = _text("the file", table, "title")
    return Curriculum(title, units, tiers, stages, paths, levels, datasets)


def _checkpoint(entry: Mapping[str, Any]) -> Unit:
    where = f"checkpoint {entry.get('number', '?')} {entry.get('name', '')}".rstrip()
    texts = {"number", "name", "title", "question", "capability", "builds", "history"}
    _known(where, entry, {*texts, "needs", "stars", "hints", "cpu_seconds"})
    stars = entry.get("stars")
    if not isinstance(stars, int) or not 1 <= stars <= 5:
        raise CurriculumError(f"{where}: stars must be an integer from 1 to 5, got {stars!r}")
    return Unit(
        kind="checkpoint",
        number=_number(where, entry),
        name=_text(where, entry, "name"),
        title=_text(where, entry, "title"),
        needs=tuple(UnitId(f"checkpoint-{need}") for need in entry.get("needs", [])),
        question=_text(where, entry, "question"),
        capability=_text(where, entry, "capability"),
        builds=_text(where, entry, "builds"),
        history=_text(where, entry, "history") if "history" in entry else "",
        stars=stars,
        hints={name: _hints(where, name, hints) for name, hints in entry.get("hints", {}).items()},
        cpu_seconds=_positive(where, entry, "cpu_seconds"),
    )


def _milestone(entry: Mapping[str, Any], earlier: Sequence[UnitId]) -> Unit:
    where = f"milestone {entry.get('number', '?')} {entry.get('name', '')}".rstrip()
    texts = {"name", "title", "capability", "builds", "badge", "challenge"}
    numbers = {"number", "year", "cpu_seconds", "full_cpu_seconds"}
    _known(where, entry, {*texts, *numbers, "needs", "thresholds", "shows"})
    year = entry.get("year")
    if not isinstance(year, int):
        raise CurriculumError(f"{where}: year must be an integer, got {year!r}")
    thresholds = entry.get("thresholds", {})
    for name, value in thresholds.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise CurriculumError(f"{where}: threshold {name} must be a number, got {value!r}")
    shows = entry.get("shows", {})
    for name, of in shows.items():
        if of not in thresholds:
            raise CurriculumError(
                f"{where}: {name!r} shows {of!r}, which is not one of its thresholds"
            )
    needs = [UnitId(f"checkpoint-{need}") for need in entry.get("needs", [])]
    return Unit(
        kind="milestone",
        number=_number(where, entry),
        needs=(*needs, *earlier),
        year=year,
        thresholds=thresholds,
        shows=shows,
        name=_text(where, entry, "name"),
        title=_text(where, entry, "title"),
        capability=_text(where, entry, "capability"),
        builds=_text(where, entry, "builds"),
        badge=_text(where, entry, "badge"),
        challenge=_text(where, entry, "challenge"),
        cpu_seconds=_positive(where, entry, "cpu_seconds"),
        full_cpu_seconds=_positive(where, entry, "full_cpu_seconds"),
    )


def _hints(where: str, exercise: str, hints: Any) -> tuple[str, ...]:
    if not (isinstance(hints, list) and len(hints) == 3 and all(_is_text(h) for h in hints)):
        raise CurriculumError(
            f"{where}: exercise {exercise!r} must have three hints, got {hints!r}"
        )
    return tuple(hints)


def _group(kind: str, entry: Mapping[str, Any], numbers: Sequence[str]) -> NamedCheckpoints:
    where = f"{kind} {entry.get('name', '?')}"
    _known(where, entry, {"name", "checkpoints", "weeks", "summary"})
    found = [n for n in entry.get("checkpoints", []) if n not in numbers]
    if found or not entry.get("checkpoints"):
        unknown = f"unknown checkpoint {found[0]!r}" if found else "it has no checkpoints"
        raise CurriculumError(f"{where}: {unknown}")
    chosen = tuple(n for n in numbers if n in entry["checkpoints"])
    weeks = entry.get("weeks", "")
    if weeks and not (isinstance(weeks, str) and re.fullmatch(WEEKS, weeks)):
        raise CurriculumError(f'{where}: weeks must be like "8" or "8-10", got {weeks!r}')
    summary = _text(where, entry, "summary") if "summary" in entry else ""
    return NamedCheckpoints(_text(where, entry, "name"), chosen, weeks, summary)


def _dataset(entry: Mapping[str, Any], milestones: Sequence[str]) -> DataSet:
    where = f"datasets {entry.get('name', '?')}"
    texts = {"name", "title", "what", "parts"}
    _known(where, entry, {*texts, "memory", "download", "milestones"})
    used = tuple(entry.get("milestones", []))
    unknown = [number for number in used if number not in milestones]
    if unknown:
        raise CurriculumError(f"{where}: unknown milestone {unknown[0]!r}")
    return DataSet(
        name=_text(where, entry, "name"),
        title=_text(where, entry, "title"),
        what=_text(where, entry, "what"),
        parts=_text(where, entry, "parts"),
        memory=_positive(where, {"memory": 0, **entry}, "memory"),
        download=_positive(where, entry, "download"),
        milestones=used,
    )


def _known(where: str, entry: Mapping[str, Any], names: set[str]) -> None:
    unknown = sorted(set(entry) - names)
    if unknown:
        raise CurriculumError(f"{where}: unknown key {unknown[0]!r}, use one of {sorted(names)}")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _text(where: str, entry: Mapping[str, Any], key: str) -> str:
    value = entry.get(key)
    if not _is_text(value):
        raise CurriculumError(f"{where}: {key} must be a text, got {value!r}")
    return str(value)


def _positive(where: str, entry: Mapping[str, Any], key: str) -> float:
    value = entry.get(key, 0)
    right = isinstance(value, int | float) and not isinstance(value, bool)
    if not right or (key in entry and not 0 < value < math.inf):
        raise CurriculumError(f"{where}: {key} must be a number above 0, got {value!r}")
    return float(value)


def _number(where: str, entry: Mapping[str, Any]) -> str:
    number = entry.get("number")
    if not (isinstance(number, str) and len(number) == 2 and number.isdecimal()):
        raise CurriculumError(f"{where}: number must be two digits in quotes, got {number!r}")
    return number


def _check_unique(units: Sequence[Unit]) -> None:
    seen: set[tuple[str, str]] = set()
    for unit in units:
        for key in ((unit.kind, unit.number), (unit.kind, unit.name)):
            if key in seen:
                raise CurriculumError(
                    f"{unit.kind} {unit.number} {unit.name}: duplicate of {key[1]!r}"
                )
            seen.add(key)


def _check_needs(units: Sequence[Unit]) -> None:
    by_id = {unit.id: unit for unit in units}
    for unit in units:
        for need in unit.needs:
            if need not in by_id:
                raise CurriculumError(
                    f"{unit.kind} {unit.number} {unit.name}: needs unknown {need.replace('-', ' ')}"
                )
    try:
        TopologicalSorter({unit.id: unit.needs for unit in units}).prepare()
    except CycleError as error:
        circle = " -> ".join(by_id[unit_id].label for unit_id in error.args[1])
        raise CurriculumError(f"needs form a circle: {circle}") from None
