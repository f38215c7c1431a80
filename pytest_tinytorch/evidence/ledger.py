"""The ledger: one line of JSON per event, only ever appended to. Progress is a fold over it."""

# Annotations are values here, no strings: msgspec would compile each string anew at every start.
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from msgspec.structs import asdict

from pytest_tinytorch.course.curriculum import UnitId
from pytest_tinytorch.evidence import appendfile
from pytest_tinytorch.evidence.ground import Ground
from pytest_tinytorch.evidence.jsontext import parsed
from pytest_tinytorch.evidence.outcomes import LASTING, State

SCHEMA = 1

HelperDigest = Callable[[str], str]
"""The digest of a helper module as it is now, by its path from the root of the workspace."""


class Event(Struct, frozen=True):
    """All specs of one unit ran, and this is what came of it.

    Attributes:
        unit: ``checkpoint-05``.
        verdict: ``passed``, ``wrong``, ``todo`` or ``broken``.
        source: digest of the source it depends on.
        specs: digest of the specs.
        outcomes: outcome kind to how many specs.
        own: whether the learner's own code was judged, not the reference's.
        at: when, in ISO 8601, UTC.
        versions: of Python, NumPy, pytest, Hypothesis and the plugin.
        notes: numbers that a milestone showed.
        helpers: modules of the workspace outside the package that were imported meanwhile: path from the
            root to digest.
        blames: the exercise to fix first, where something is wrong or broken; empty if none is known.
        exact: digest of the bytes of that source. While it is the same, nothing has to be parsed.
        schema: version of this form.
    """

    unit: UnitId
    verdict: State
    source: str
    specs: str
    outcomes: Mapping[str, int]
    own: bool
    at: str
    versions: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, Any] = field(default_factory=dict)
    helpers: Mapping[str, str] = field(default_factory=dict)
    exact: str = ""
    blames: str = ""
    schema: int = SCHEMA

    @property
    def borrowed(self) -> frozenset[str] | None:
        """Names of the modules that were borrowed; None if the worked solution was judged."""
        origin, *names, _ = self.source.split(":") if self.source.count(":") else ("", "")
        return frozenset(",".join(names).split(",")) - {""} if self.own and origin else None

    def is_repeat_of(self, other: "Event") -> bool:
        """Whether it says no more than ``other`` does."""
        return self._told() == other._told()

    def _told(self) -> tuple[object, ...]:
        return (self.verdict, self.source, self.exact, self.specs, self.own, self.helpers)

    def is_of(self, ground: Ground | None, helper_digest: HelperDigest) -> bool:
        """Whether it was found for these digests of source and specs, and for helpers as they are now."""
        if ground is None or self.specs != ground.specs:
            return False
        same = bool(self.exact) and self.exact == ground.exact
        return (same or self.source == ground.source) and all(
            helper_digest(path) == digest for path, digest in self.helpers.items()
        )


class Achievement(Struct, frozen=True):
    """What a learner may show of a unit: when their own code first passed it, and the last numbers."""

    at: str
    notes: Mapping[str, Any] = field(default_factory=dict)


class Ledger(Struct, frozen=True):
    """The events of a file, and what was wrong with some of its lines."""

    events: tuple[Event, ...] = ()
    damage: tuple[str, ...] = ()

    def latest_events(
        self,
        ground: Callable[[UnitId], Ground | None],
        helper_digest: HelperDigest = lambda path: "",
    ) -> dict[UnitId, Event]:
        """Unit id to its last event for what it depends on at present, and for the present helpers."""
        found: dict[UnitId, Event] = {}
        for event in reversed(self.events):  # what is older than the answer is not looked at
            if event.unit not in found and event.is_of(ground(event.unit), helper_digest):
                found[event.unit] = event
        return found

    def latest_verdicts(
        self,
        ground: Callable[[UnitId], Ground | None],
        helper_digest: HelperDigest = lambda path: "",
    ) -> dict[UnitId, State]:
        """Unit id to the verdict of its last event, as `latest_events` finds it."""
        found = self.latest_events(ground, helper_digest)
        return {unit: event.verdict for unit, event in found.items()}

    def once_passed(self) -> frozenset[UnitId]:
        """Units that the learner's own code has passed at some time."""
        return frozenset(e.unit for e in self.events if e.own and e.verdict == State.PASSED)

    def achievements(self) -> dict[UnitId, Achievement]:
        """Unit id to what the learner's own code has proved of it."""
        found: dict[UnitId, Achievement] = {}
        for event in self.events:
            if event.own and event.verdict == State.PASSED:
                first = found.get(event.unit)
                found[event.unit] = Achievement(first.at if first else event.at, event.notes)
        return found

    def new_events(self, events: Iterable[Event]) -> list[Event]:
        """Those of ``events`` that say more than the last event of their unit."""
        last = {event.unit: event for event in self.events}
        return [e for e in events if e.unit not in last or not e.is_repeat_of(last[e.unit])]


def read_ledger(file: Path) -> Ledger:
    """The ledger in ``file``; an empty one if there is no file.

    Lines that cannot be read are passed over and named in ``damage``; they stay in the file. So is
    what is no ledger at all, such as a folder or a device.
    """
    try:
        lines = appendfile.read_bounded(file).splitlines()
    except FileNotFoundError:
        return Ledger()
    except appendfile.Unusable as error:
        return Ledger(damage=(str(error),))
    except OSError as error:
        return Ledger(damage=(f"{file}: {error.strerror}",))
    from msgspec import ValidationError  # a ledger that is not there needs none of it

    events, damage = [], []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            events.append(parse_event(line))
        except (ValueError, ValidationError) as error:
            damage.append(f"{file}:{number}: skipped, {error}")
    return Ledger(tuple(events), tuple(damage))


def parse_event(line: bytes) -> Event:
    """The event in one line; ValueError or ValidationError says what is wrong with it."""
    from msgspec import convert

    try:
        table = parsed(line)
    except (ValueError, RecursionError):
        raise ValueError("not a line of JSON") from None
    if not isinstance(table, dict):
        raise ValueError("not a JSON object")
    if table.get("schema") != SCHEMA:
        raise ValueError(f"schema {table.get('schema')!r} is not {SCHEMA}")
    event = convert(table, Event)
    if event.verdict not in LASTING:
        raise ValueError(f"verdict '{event.verdict}' is none of {', '.join(LASTING)}")
    return event


def record_events(file: Path, events: Sequence[Event]) -> None:
    """Add those of ``events`` that say more than the last event of their unit in the file.

    What is in the file is looked at again under the lock: another run may have ended meanwhile.

    Raises:
        OSError: they cannot be written; the file is as it was.
    """
    if not read_ledger(file).new_events(events):
        return
    with appendfile.locked(file):
        write_events(file, read_ledger(file).new_events(events))


def append_events(file: Path, events: Sequence[Event]) -> None:
    """Add events, while no other run does; errors as `record_events`."""
    with appendfile.locked(file):
        write_events(file, events)


def write_events(file: Path, events: Sequence[Event]) -> None:
    """Add events in one write. Call it within the lock."""
    import json  # only the end of a run writes any

    text = "".join(json.dumps(asdict(e), ensure_ascii=False) + "\n" for e in events)
    if text:
        appendfile.append(file, text.encode("utf-8"))
