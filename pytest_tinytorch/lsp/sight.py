"""What is known of the source as it is: what runs have told, held against documents and files."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property, lru_cache
from pathlib import Path

from pytest_tinytorch.course.curriculum import Unit, UnitId
from pytest_tinytorch.course.exercises import parse
from pytest_tinytorch.lsp.laws import function_at
from pytest_tinytorch.lsp.parts import Edit, edit_between
from pytest_tinytorch.lsp.reach import Graph, Texts, Words, graph_of, words_of_spec
from pytest_tinytorch.lsp.shelf import Shelf, text_of
from pytest_tinytorch.lsp.verdicts import Files, InSight, Memory, differing, in_sight, needed_files

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


def is_judged(shelf: Shelf, memory: Memory, unit: Unit) -> bool:
    """Whether the last full verdict on a unit is about the source as it is."""
    known, curriculum = memory.full.get(unit.id), shelf.workspace.curriculum
    return known is not None and not differing(unit.id, known.files, shelf.now(), curriculum)


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
