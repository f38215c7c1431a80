"""A card: the content for a proved milestone or stage, before anything is drawn."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pytest_tinytorch.course.curriculum import NamedCheckpoints, Unit, UnitId
from pytest_tinytorch.course.selection import unit_ranges
from pytest_tinytorch.evidence.claims import Claim, borrowing, own_checkpoints, own_modules
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.export.journey.numbers import Measure, measure
from pytest_tinytorch.export.journey.phrases import dashed, day_text
from pytest_tinytorch.export.journey.pictures import Picture


@dataclass(frozen=True)
class Stop:
    """A point on the line at the bottom of a card: done, or still to come."""

    label: str
    passed: bool
    here: bool = False


@dataclass(frozen=True)
class Card:
    """The content of a card.

    Attributes:
        slug: the name of its files.
        place: ``milestone 1 of 6``.
        headline, title: a year and what happened in it; or a stage and its checkpoints.
        sentences: what the learner can do now, in the first person.
        measures: the learner's own numbers.
        picture: drawn by the proved code, if there is one.
        stops: all of its kind, in order.
        origin: who wrote what.
        proof: when it was proved, and the digests.
        command: the command that proves it again.
        name: the learner's, if they chose to give it.
        digests: the full digests of the proof, for a milestone.
    """

    slug: str
    place: str
    headline: str
    title: str
    sentences: tuple[str, ...]
    measures: tuple[Measure, ...]
    picture: Picture | None
    stops: tuple[Stop, ...]
    origin: str
    proof: str
    command: str
    name: str = ""
    digests: str = ""

    @property
    def key(self) -> Measure | None:
        """The most telling number: one with a threshold to reach, or else the first."""
        held = [m for m in self.measures if m.limit is not None]
        reached = [m for m in held if not m.most]
        drawn = [m for m in self.measures if m.value is not None]
        return next(iter([*reached, *held, *drawn]), None)


def milestone_card(
    progress: Progress, claim: Claim, pictures: Sequence[Picture] = (), name: str = ""
) -> Card:
    """The card of a proved milestone."""
    unit = claim.unit
    at, total = progress.place(unit)
    own = progress.milestones if unit in progress.milestones else progress.curriculum.milestones
    drawn = proved_pictures(claim, pictures)
    followed = progress.learning_path if unit in progress.milestones else None
    stops = (Stop(str(u.year), is_own(progress, u), u is unit) for u in own)
    return Card(
        slug=f"{unit.year}-{unit.name}",
        place=f"milestone {at} of {total}" + (f" on the path {followed.name}" if followed else ""),
        headline=str(unit.year),
        title=unit.title,
        sentences=(unit.capability,),
        measures=tuple(measure(unit, str(key), value) for key, value in claim.numbers.items()),
        picture=drawn[-1] if drawn else None,
        stops=tuple(stops),
        origin=origin(claim.own, claim.borrowed),
        proof=proof(claim),
        command=claim.command,
        name=name,
        digests=f"source {claim.source}, specs {claim.event.specs}",
    )


def stage_card(
    progress: Progress,
    claims: Mapping[UnitId, Claim],
    stage: NamedCheckpoints,
    name: str = "",
) -> Card:
    """The card of a stage in which everything is proved that is the learner's to pass."""
    units, stages = own_checkpoints(progress, stage), progress.curriculum.stages
    own = tuple(unit for unit in units if unit.source)
    others = tuple(
        u for u in progress.curriculum.checkpoints if u.number in stage.numbers and u not in units
    )
    latest = max((claims[unit.id] for unit in own), key=lambda claim: claim.event.at)
    left = f", without {dashed(unit_ranges(others))}, which I have not written" if others else ""
    borrowed = {u.id for one in units for u in claims[one.id].borrowed}
    lent = tuple(u for u in progress.curriculum.checkpoints if u.id in borrowed)
    return Card(
        slug=f"stage-{slug(stage.name)}",
        place=f"stage {stages.index(stage) + 1} of {len(stages)}",
        headline=stage.name,
        title=f"checkpoint{'s' * (len(units) > 1)} {dashed(unit_ranges(units))}{left}",
        sentences=tuple(unit.capability for unit in own),
        measures=(),
        picture=None,
        stops=tuple(Stop(unit.number, True) for unit in units),
        origin=origin(own, lent),
        proof=f"proved {day_text(latest.event.at)}",
        command=f"pytest -p tinytorch --checkpoint stage:{stage.name.lower()}{borrowing(lent)}",
        name=name,
    )


def slug(text: str) -> str:
    """A name as part of a file's name, on every system."""
    return re.sub(r"[^\w-]+", "-", text.lower()).strip("-") or "card"


def is_own(progress: Progress, unit: Unit) -> bool:
    """Whether a unit is passed for the current source, and the learner wrote some of what it depends on."""
    return progress.state[unit.id] == State.PASSED and bool(own_modules(progress, unit))


def proved_pictures(claim: Claim, pictures: Sequence[Picture]) -> list[Picture]:
    """The pictures of a milestone that the proved code drew."""
    own = [picture for picture in pictures if picture.belongs_to(claim.unit) and picture.data]
    return [picture for picture in own if picture.source == claim.event.source]


def origin(own: Sequence[Unit], borrowed: Sequence[Unit]) -> str:
    """Who wrote the modules that something depends on."""
    mine = f"{word_for(own)} {dashed(unit_ranges(own))} written by me, on NumPy"
    if not borrowed:
        return mine
    given = [unit for unit in borrowed if unit.source]
    return f"{mine}; {dashed(unit_ranges(given))} borrowed from the course"


def word_for(units: Sequence[Unit]) -> str:
    """``module`` or ``modules``."""
    return "module" if len(units) == 1 else "modules"


def proof(claim: Claim) -> str:
    """When something was proved, and how the digests of its source and specs begin."""
    event = claim.event
    return f"proved {day_text(event.at)} · source {claim.source[:8]} · specs {event.specs[:8]}"
