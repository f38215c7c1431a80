"""What is known of the source as it is: what runs have told, held against documents and files."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Protocol

from msgspec.structs import replace

from pytest_tinytorch.course.curriculum import UnitId
from pytest_tinytorch.course.exercises import parse
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.lsp.laws import function_at
from pytest_tinytorch.lsp.memory import Memory, differing, needed_files
from pytest_tinytorch.lsp.parts import Edit, edit_between
from pytest_tinytorch.lsp.reach import Graph, Texts, Words, graph_of, words_of_spec
from pytest_tinytorch.lsp.shelf import Shelf, text_of
from pytest_tinytorch.lsp.verdicts import FIRST_LOOK, UNSAVED, Files, Finding, InSight, Known

SPECS = "specs"
NOTHING = Edit()


def sight_of(shelf: Shelf, memory: Memory, units: Collection[UnitId] = ()) -> InSight:
    """What holds for the source as it is.

    Args:
        shelf: has documents and files.
        memory: what runs have told.
        units: see `verdicts.in_sight`.
    """
    now, saved = shelf.now(), shelf.saved()
    shelf.forget({*memory.sources, *now.values(), *saved.values()})
    helpers = helpers_of(shelf.root)
    changes = lambda unit, judged: Since(shelf, unit, judged, now, saved, helpers)
    return in_sight(memory, changes, units)


class Changes(Protocol):
    """What has changed since source was judged, as far as one unit can tell.

    Attributes:
        edit: how the source as it is differs from what was judged.
        unsaved: how what is saved does.
    """

    edit: Edit
    unsaved: Edit

    def asks(self, nodeid: str, exercise: str) -> Words | None:
        """All words that a spec comes to, and the exercise that it blames; None if that is not known."""


class Since:
    """What has changed since a unit was judged; see `verdicts.Changes`."""

    def __init__(
        self,
        shelf: Shelf,
        unit: UnitId,
        judged: Files,
        now: Files,
        saved: Files,
        helpers: Texts,
    ) -> None:
        self.shelf, self.unit, self.judged, self.helpers = shelf, unit, judged, helpers
        self.edit, self.unsaved = self._edit(now), self._edit(saved)

    def asks(self, nodeid: str, exercise: str) -> Words | None:
        """All words that a spec comes to, and the exercise that it blames; None if that is not known."""
        unit = self.shelf.workspace.curriculum.unit(self.unit)
        if unit.is_milestone or nodeid.partition("::")[0] != unit.spec_path:
            return None  # it uses more than can be read here
        words = asked_by_spec(self.spec, nodeid)
        return words if words is None else self.graph.reached(words | {*exercise.split(".")})

    @cached_property
    def spec(self) -> str:
        """The source of the unit's specs."""
        return text_of(self.shelf.root / self.shelf.workspace.curriculum.unit(self.unit).spec_path)

    @cached_property
    def graph(self) -> Graph:
        """What specs and package ask for, in the source that was judged."""
        curriculum = self.shelf.workspace.curriculum
        files = needed_files(self.unit, self.judged, curriculum)
        texts = ((file, self.shelf.texts.get(self.judged[file], "")) for file in sorted(files))
        own = self.shelf.workspace.curriculum.unit(self.unit).spec_path
        return graph_of(((own, self.spec), *self.helpers), tuple(texts))

    def _edit(self, other: Files) -> Edit:
        """How other source differs from what was judged."""
        curriculum, root = self.shelf.workspace.curriculum, self.shelf.root
        files = differing(self.unit, self.judged, other, curriculum)
        if not files:
            return NOTHING
        before, after = (
            tuple(
                (name_of(Path(file), root), self.shelf.texts[source[file]])
                for file in sorted(files)
                if source.get(file) in self.shelf.texts
            )
            for source in (self.judged, other)
        )
        return edit_between(before, after)


def in_sight(
    memory: Memory, changes: Callable[[UnitId, Files], Changes], units: Collection[UnitId] = ()
) -> InSight:
    """What holds for the source as it is.

    A full verdict on a spec does, as long as nothing has changed that the spec can come to. A first look
    adds what it has found to that.

    Args:
        memory: what runs have told.
        changes: since source was judged, for a unit.
        units: those whose specs matter, and not just what was found: to find out takes longer.
    """
    since = {unit: changes(unit, one.files) for unit, one in memory.full.items()}
    full = [f for unit, one in memory.full.items() for f in holding_findings(one, since[unit])]
    known = {nodeid for finding in full for nodeid in finding.nodeids}
    places = {(finding.file, finding.line) for finding in full}
    looks = [
        as_first_look(finding)
        for unit, one in memory.looks.items()
        for finding in holding_findings(one, changes(unit, one.files))
    ]
    told = sum(len(one.findings) for one in (*memory.full.values(), *memory.looks.values()))
    new = (
        one
        for one in looks
        if not (known.issuperset(one.nodeids) if one.nodeids else (one.file, one.line) in places)
    )
    states: dict[str, State] = {}
    unsaved: set[str] = set()
    for unit, one in memory.full.items():
        for nodeid in one.specs if unit in units else known.intersection(one.specs):
            if not reaches(since[unit].edit, since[unit], nodeid):
                states[nodeid] = one.specs[nodeid]
                unsaved |= {nodeid} if reaches(since[unit].unsaved, since[unit], nodeid) else set()
    before = states_of_saved(memory, changes, units) if unsaved else {}
    same = frozenset(nodeid for nodeid in unsaved if before.get(nodeid) == states[nodeid])
    is_less = len(full) + len(looks) < told
    return InSight(states, (*full, *new), frozenset(unsaved), same, is_less)


def states_of_saved(
    memory: Memory, changes: Callable[[UnitId, Files], Changes], units: Collection[UnitId]
) -> dict[str, State]:
    """What specs of some units came to on what is saved, as far as a run has told; see `in_sight`."""
    return {
        nodeid: state
        for unit in units
        for one in memory.earlier.get(unit, ())
        if changes(unit, one.files).unsaved.is_nothing
        for nodeid, state in one.specs.items()
    }


def holding_findings(one: Known, since: Changes) -> Iterator[Finding]:
    """What was found that no change reaches, at the line where that stands now."""
    for finding in one.findings:
        exercise = finding.exercise
        if since.edit.is_nothing:
            left, line = finding.nodeids, finding.line
        else:
            left = tuple(n for n in finding.nodeids if not reaches(since.edit, since, n, exercise))
            moved = since.edit.line(finding.file, finding.line)
            if left[:1] != finding.nodeids[:1] or not left or moved is None:
                continue
            line = moved
        first = finding.nodeids[0] if finding.nodeids else ""
        marks = (UNSAVED,) if reaches(since.unsaved, since, first, exercise) else ()
        yield replace(finding, nodeids=left, line=line, marks=marks)


def reaches(edit: Edit, since: Changes, nodeid: str, exercise: str = "") -> bool:
    """Whether an edit has changed something that a spec, or the exercise that it blames, can come to."""
    if edit.whole or not edit.changed:
        return edit.whole
    return edit.reaches(since.asks(nodeid, exercise))


def as_first_look(finding: Finding) -> Finding:
    """A finding of a first look. A file that does not parse is none whatever specs say: that is final."""
    return replace(finding, marks=(FIRST_LOOK, *finding.marks)) if finding.nodeids else finding


def helpers_of(root: Path) -> Texts:
    """What specs share."""
    files = sorted((root / SPECS).glob("*.py"))
    return tuple((file.name, text_of(file)) for file in files if not file.name.startswith("test_"))


def name_of(file: Path, root: Path) -> str:
    """A file as findings name it: from the root, or whole if it lies elsewhere."""
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else str(file)


@lru_cache(maxsize=4096)
def asked_by_spec(text: str, nodeid: str) -> Words | None:
    """What a spec asks for; None if its function is not found.

    Args:
        text: the source of its file.
        nodeid: of the spec.
    """
    try:
        tree = parse(text)
    except (SyntaxError, ValueError):
        return None
    _, *names = nodeid.partition("[")[0].split("::")
    owner, spec = function_at(tree, names)
    return words_of_spec(owner, spec) if spec is not None else None
