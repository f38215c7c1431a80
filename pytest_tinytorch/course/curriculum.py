"""The curriculum: one TOML table, read into frozen values and checked."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence, Set
from functools import cached_property, lru_cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, NewType

from msgspec import Struct, field

from pytest_tinytorch.course.kept import KEPT, TABLE, kept_in

DEFAULT = TABLE
WEEKS = r"[1-9]\d?(-[1-9]\d?)?"


UnitId = NewType("UnitId", str)
"""``checkpoint-05`` or ``milestone-03``."""


class CurriculumError(ValueError):
    """The curriculum file is wrong; the message names the entry."""


class Unit(Struct, frozen=True, dict=True):
    """A checkpoint or a milestone.

    Attributes:
        kind: ``"checkpoint"`` or ``"milestone"``.
        number: two digits, in the order of the course.
        name: its module's name, or the milestone's.
        title: how it is written for people.
        needs: ids of what it depends on directly.
        question: what a checkpoint asks.
        capability: what is true once it is passed.
        builds: what a module holds, or what a milestone proves.
        history: why a module matters: where its ideas come from; may be empty.
        stars: difficulty, 1 to 5; 0 for a milestone.
        hints: exercise name to its three hints; its keys are the exercises.
        year: of a milestone, else 0.
        badge: of a milestone, else empty.
        challenge: what comes next, for a milestone.
        thresholds: named numbers that a milestone's test must reach.
        shows: a number that its test shows, by name, to the threshold that it is compared with.
        cpu_seconds: CPU time that its specs need on the reference: the slowest one of a checkpoint,
            with 25 examples; all of a milestone. 0 if nobody said, and it is little.
        full_cpu_seconds: the same of a milestone at full scale.
    """

    kind: str
    number: str
    name: str
    title: str
    needs: tuple[UnitId, ...] = ()
    question: str = ""
    capability: str = ""
    builds: str = ""
    history: str = ""
    stars: int = 0
    hints: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    year: int = 0
    badge: str = ""
    challenge: str = ""
    thresholds: Mapping[str, int | float] = field(default_factory=dict)
    shows: Mapping[str, str] = field(default_factory=dict)
    cpu_seconds: float = 0.0
    full_cpu_seconds: float = 0.0

    @cached_property
    def id(self) -> UnitId:
        return UnitId(f"{self.kind}-{self.number}")

    @property
    def label(self) -> str:
        """How it is named in a line of text: ``05 autograd`` or ``1986 mlp``."""
        return f"{self.year or self.number} {self.name}"

    @property
    def short(self) -> str:
        """How it is named in a command: ``05`` or ``1986``."""
        return str(self.year or self.number)

    @property
    def is_milestone(self) -> bool:
        return self.kind == "milestone"

    @property
    def command(self) -> str:
        """What runs it with pytest; `course.commands` knows what does with `tito`."""
        return f"pytest -p tinytorch --{self.kind} {self.short}"

    @cached_property
    def spec_path(self) -> str:
        """Where its specs are, from the root: a file, or for a milestone a folder with a slash."""
        if self.is_milestone:
            return f"milestones/{self.number}_{self.year}_{self.name}/"
        return f"specs/test_{self.number}_{self.name}.py"

    def cpu_seconds_at(self, scale: str) -> float:
        """CPU time that its specs need at a scale, ``tiny`` or ``full``."""
        return (scale == "full" and self.full_cpu_seconds) or self.cpu_seconds

    @property
    def source(self) -> str | None:
        """The learner's file it is about, from the folder of the implementation; None if none."""
        return f"tinytorch/{self.name}.py" if self.hints else None


class NamedCheckpoints(Struct, frozen=True):
    """A named set of checkpoints: a tier, a stage, a level, or a path.

    Attributes:
        name: what it is called.
        numbers: of its checkpoints, in the order of the course.
        weeks: how many it takes, ``"8-10"``; may be empty.
        summary: what a level lets its owner say, or where a path leads; may be empty.
    """

    name: str
    numbers: tuple[str, ...]
    weeks: str = ""
    summary: str = ""

    @property
    def duration(self) -> str:
        """How long it takes, in words; empty if nobody said."""
        return self.weeks and f"{self.weeks} week{'s' * (self.weeks != '1')}"

    @property
    def fewest_and_most(self) -> tuple[int, int]:
        """Weeks at the quickest and at the calmest pace; zeros if nobody said."""
        first, _, last = self.weeks.partition("-")
        return int(first or 0), int(last or first or 0)


class DataSet(Struct, frozen=True):
    """Data that milestones learn from.

    Attributes:
        name: what a person types.
        title: how it is written for people.
        what: it holds, in a few words.
        parts: how many items there are to train on, and to test.
        memory: MB that it takes once it is read.
        download: MB to fetch; 0 if it ships with the kit.
        milestones: numbers of those that use it: at once if it ships, else at full scale.
    """

    name: str
    title: str
    what: str
    parts: str
    memory: float
    download: float = 0.0
    milestones: tuple[str, ...] = ()


class Curriculum(Struct, frozen=True, dict=True):
    """All units in the order of the course, checkpoints first, and how they are grouped."""

    title: str
    units: tuple[Unit, ...]
    tiers: tuple[NamedCheckpoints, ...]
    stages: tuple[NamedCheckpoints, ...]
    learning_paths: tuple[NamedCheckpoints, ...]
    levels: tuple[NamedCheckpoints, ...] = ()
    datasets: tuple[DataSet, ...] = ()

    @cached_property
    def checkpoints(self) -> tuple[Unit, ...]:
        return tuple(unit for unit in self.units if not unit.is_milestone)

    @cached_property
    def milestones(self) -> tuple[Unit, ...]:
        return tuple(unit for unit in self.units if unit.is_milestone)

    @cached_property
    def way(self) -> tuple[Unit, ...]:
        """All units in the order in which they open: each milestone after the last checkpoint it needs."""
        place = {unit.id: number for number, unit in enumerate(self.checkpoints)}

        def opens(unit: Unit) -> int:
            return max(place.get(need, 0) for need in self.closure([unit.id]))

        return tuple(sorted(self.units, key=lambda unit: (opens(unit), unit.is_milestone)))

    def unit(self, unit_id: UnitId) -> Unit:
        """The unit of that id; KeyError if there is none."""
        return self._by_id[unit_id]

    @cached_property
    def _by_id(self) -> Mapping[UnitId, Unit]:
        return {unit.id: unit for unit in self.units}

    def checkpoint_of_module(self, name: str) -> Unit | None:
        """The checkpoint about the module ``tinytorch.<name>``, if there is one."""
        return next((u for u in self.checkpoints if u.name == name and u.source), None)

    def closure(
        self, ids: Iterable[UnitId], without: Set[UnitId] = frozenset()
    ) -> frozenset[UnitId]:
        """``ids`` and everything they depend on, directly or not, except through ``without``."""
        found: set[UnitId] = set()
        waiting = list(ids)
        while waiting:
            unit_id = waiting.pop()
            if unit_id not in found and unit_id not in without:
                found.add(unit_id)
                waiting.extend(self.unit(unit_id).needs)
        return frozenset(found)

    def ids_on_path(self, path: NamedCheckpoints | None) -> frozenset[UnitId]:
        """Ids of what a learning path holds; without a path, of everything.

        That is its checkpoints, those that have nothing to write, and each milestone whose
        checkpoints are all among them.
        """
        if path is None:
            return frozenset(unit.id for unit in self.units)
        held = {u.id for u in self.checkpoints if u.number in path.numbers or not u.source}
        other = {unit.id for unit in self.checkpoints} - held
        return frozenset(held | {m.id for m in self.milestones if not other & {*m.needs}})

    def borrowed_by(self, path: NamedCheckpoints) -> tuple[Unit, ...]:
        """The checkpoints that a learning path leaves out and still depends on."""
        held = self.ids_on_path(path)
        borrowed = self.closure(u.id for u in self.checkpoints if u.id in held) - held
        return tuple(unit for unit in self.units if unit.id in borrowed)

    def unit_of_spec(self, nodeid: str) -> Unit | None:
        """The unit that the spec with this node id belongs to, if any."""
        file = nodeid.partition("::")[0]
        for unit in self.units:
            if file == unit.spec_path or (unit.is_milestone and file.startswith(unit.spec_path)):
                return unit
        return None


def load_curriculum(path: Path = DEFAULT) -> Curriculum:
    """Read and check a curriculum file.

    Raises:
        CurriculumError: it cannot be read, or an entry is wrong; the message names it.
    """
    try:
        return parse_curriculum(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CurriculumError(f"{path}: {error.strerror}") from error
    except ValueError as error:  # it is not UTF-8, not TOML, or an entry is wrong
        raise CurriculumError(f"{path}: {error}") from None


@lru_cache(maxsize=4)
def parse_curriculum(text: str) -> Curriculum:
    """A curriculum from its TOML. Remembered by its text: a run asks for it more than once."""
    return kept_in(KEPT, text, Curriculum) or build_curriculum(table_of(text))


def table_of(text: str) -> Mapping[str, Any]:
    """The values in a text of TOML; ValueError if it is none."""
    import tomllib  # takes a while, as does what it reads

    return tomllib.loads(text)


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
