"""The curriculum: units, what they depend on, and how they are grouped."""

# Annotations are values here, no strings: msgspec would compile each string anew at every start.
from collections.abc import Iterable, Mapping, Set
from functools import cached_property
from typing import NewType

from msgspec import Struct, field

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
