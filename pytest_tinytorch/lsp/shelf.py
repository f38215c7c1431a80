"""What there is in a workspace: documents that an editor has open, the files below them, laws and lessons."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from contextlib import suppress
from importlib.util import decode_source
from pathlib import Path

from msgspec import Struct
from pygls import uris

from pytest_tinytorch import settings
from pytest_tinytorch.course.curriculum import Unit, UnitId
from pytest_tinytorch.evidence.digests import Mark, mark, read_if_present
from pytest_tinytorch.evidence.implementation import PACKAGE
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.evidence.workspace import Workspace
from pytest_tinytorch.kit.stubs import stub_text
from pytest_tinytorch.lsp.diagnostics import Page
from pytest_tinytorch.lsp.laws import Law, laws_of
from pytest_tinytorch.lsp.memory import Memory, differing, with_full, without_borrowed
from pytest_tinytorch.lsp.moves import moves_between
from pytest_tinytorch.lsp.sheets import Place, Sheet, lines_of, parses, places_in, texts_of
from pytest_tinytorch.lsp.verdicts import FIRST_LOOK, Files, InSight, Known
from pytest_tinytorch.watch.request import as_saved, fingerprint


class Document(Struct, frozen=True):
    """What an editor has open."""

    uri: str
    text: str
    version: int | None


class Shelf:
    """A workspace, and what an editor has open of it.

    Attributes:
        root: the workspace, without links.
        documents: what is open, by file.
        texts: by fingerprint, of source that was there when somebody asked.
        parsed: by file, the last text of a document that could be parsed.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.documents: dict[Path, Document] = {}
        self.texts: dict[str, str] = {}
        self.parsed: dict[Path, str] = {}
        self.marks: dict[Path, Mark | None] = {}
        self.reopen()

    def reopen(self) -> None:
        """Read settings, curriculum, manifest and ledger anew.

        Raises:
            CurriculumError, UnknownName, ValueError: as `settings.workspace_at`.
        """
        self.marks = {file: mark(file) for file in self.marks}  # what cannot be read is told once
        marks = {file: mark(file) for file in settings.files_of(self.root)}
        found = settings.workspace_at(self.root)
        assert found.manifest is not None  # it is read now, or raises
        self.workspace: Workspace = found
        self.marks = marks

    def is_outdated(self) -> bool:
        """Whether anything that says what the workspace is was written since it was read."""
        return any(mark(file) != before for file, before in self.marks.items())

    def ledger_mark(self) -> Mark | None:
        """What tells that somebody has written into the ledger."""
        return mark(self.workspace.ledger_file)

    @property
    def package(self) -> Path:
        """The folder of the package under test."""
        return self.workspace.implementation.folder / PACKAGE

    def is_source(self, file: Path) -> bool:
        """Whether a file is Python of the package under test, saved or not."""
        return file.suffix == ".py" and file.is_relative_to(self.package)

    def file_of(self, unit: Unit) -> Path:
        """The module of a checkpoint."""
        return self.package / f"{unit.name}.py"

    def unit_at(self, file: Path) -> Unit | None:
        """The checkpoint whose module a file is."""
        own = file.parent == self.package and file.suffix == ".py"
        return self.workspace.curriculum.checkpoint_of_module(file.stem) if own else None

    def unsaved(self) -> dict[str, str]:
        """What stands in the editor and is not saved, by its path from the package."""
        return {
            file.relative_to(self.package).as_posix(): document.text
            for file, document in self.documents.items()
            if self.is_source(file) and differs(file, document.text)
        }

    def saved(self) -> Files:
        """The source that is saved, and is judged."""
        return self.judged(self.on_disk())

    def on_disk(self) -> Files:
        """All source that is saved, the learner's own of modules that are borrowed, too."""
        return self._marks(self.workspace.implementation.sources())

    def now(self) -> Files:
        """The source as it is: what stands in the editor, or else what is saved."""
        return self.saved_but(self.unsaved())

    def lent(self) -> set[str]:
        """The files that stand in for modules that are borrowed."""
        found = self.workspace.implementation
        return {str(found.file(name)) for name in found.borrowed}

    def saved_but(self, unsaved: Mapping[str, str], saved: Files | None = None) -> Files:
        """The source that is saved, or was, with other text in some files; see `unsaved`."""
        typed = {self.package / name: as_saved(text) for name, text in unsaved.items()}
        return self.judged({**(self.saved() if saved is None else saved), **self._marks(typed)})

    def judged(self, files: Files) -> Files:
        """Those of some files that verdicts are about."""
        return without_borrowed(files, self.package)

    def _marks(self, sources: Mapping[Path, bytes]) -> Files:
        """The fingerprints of files, whose texts are kept."""
        marks = {str(file): fingerprint(data) for file, data in sources.items()}
        for file, data in sources.items():
            text = self.texts.get(marks[str(file)]) or decoded(data)
            if text or not data:  # what is no text can be compared with nothing
                self.texts[marks[str(file)]] = text
        return marks

    def forget(self, marks: Container[str]) -> None:
        """Forget all texts but some."""
        self.texts = {mark: text for mark, text in self.texts.items() if mark in marks}

    def with_proved(self, memory: Memory) -> Memory:
        """The same, with what the ledger knows of units that are passed, where runs have told nothing."""
        now, workspace = self.saved(), self.workspace
        proved = {
            unit: Known(now, dict.fromkeys(workspace.manifest.get(unit, ()), State.PASSED))
            for unit in workspace.proved
            if unit not in memory.full
            or differing(unit, memory.full[unit].files, now, workspace.curriculum)
        }
        return with_full(memory, proved, workspace.curriculum)

    def page(self, file: Path) -> Page:
        """A file as the editor has it, or else as it is saved."""
        document = self.documents.get(file)
        if document is not None:
            return Page(document.uri, lines_of(document.text), document.version)
        return Page(uris.from_fs_path(str(file)) or "", lines_of(text_of(file)))

    def text(self, file: Path) -> str:
        """What a file says as the editor has it, or else as it is saved."""
        document = self.documents.get(file)
        return document.text if document is not None else text_of(file)

    def close(self, file: Path) -> None:
        """A document is open no more."""
        self.documents.pop(file, None)
        self.parsed.pop(file, None)

    def places(self, file: Path, unit: Unit) -> tuple[Place, ...]:
        """Where the exercises of an open module stand; if it does not parse, where edits have moved them."""
        text, names = self.documents[file].text, tuple(unit.hints)
        if parses(text):
            self.parsed[file] = text
            return places_in(text, names)
        earlier = (self.parsed.get(file, ""), text_of(file), self.stub(unit))
        before = next((one for one in earlier if one and parses(one)), "")
        moves = moves_between(before, text)
        return tuple(filter(None, map(moves.place, places_in(before, names))))

    def laws(self, unit: Unit) -> tuple[Law, ...]:
        """The laws of a checkpoint; of a milestone none are told apart."""
        if unit.is_milestone:
            return ()
        try:
            nodeids = self.workspace.manifest.get(unit.id, ())
        except ValueError:  # damaged, or half written: runs tell
            return ()
        spec, source = text_of(self.root / unit.spec_path), self.reference(unit)
        return laws_of(spec, nodeids, unit.name, source, unit.hints)

    def laws_named(self, nodeids: Iterable[str]) -> dict[str, Law]:
        """Node id to law, of some specs."""
        wanted = {*nodeids}
        owners = map(self.workspace.curriculum.unit_of_spec, wanted)
        units = {unit.id: unit for unit in owners if unit is not None}
        found = [law for unit in units.values() for law in self.laws(unit)]
        return {law.nodeid: law for law in found if law.nodeid in wanted}

    def reference(self, unit: Unit) -> str:
        """The module in the worked solution, which nobody is shown; empty if it is not there."""
        return text_of(self.workspace.implementation.reference / PACKAGE / f"{unit.name}.py")

    def stub(self, unit: Unit) -> str:
        """The module as a learner begins with it; empty if it cannot be made."""
        with suppress(SyntaxError, LookupError, ValueError):
            return stub_text(self.reference(unit), unit)
        return ""

    def sheet(self, file: Path, known: InSight) -> Sheet | None:
        """A module that is open, with what is known of the source as it is; None of other files."""
        unit = self.unit_at(file)
        if unit is None or file not in self.documents:
            return None
        blamed = {
            nodeid: finding.exercise
            for finding in known.findings
            if finding.unit == unit.id and FIRST_LOOK not in finding.marks
            for nodeid in finding.nodeids
        }
        own = self.laws(unit)
        others = self.laws_named({*blamed} - {law.nodeid for law in own})
        places = self.places(file, unit)
        if not parses(
            self.documents[file].text
        ):  # one thing is wrong, and nothing is known of the rest
            known, blamed = InSight(), {}
        saved = self.saved_places(file, unit, places)
        before = texts_of(saved, lines_of(text_of(file)))
        now = texts_of(places, lines_of(self.documents[file].text))
        return Sheet(
            unit,
            places,
            (*own, *others.values()),
            known.states,
            blamed,
            known.unsaved,
            known.same,
            edited={name for name in now if before.get(name) != now[name]},
            unsaved_stubs={place.name for place in places if place.stub}
            - {place.name for place in saved if place.stub},
            borrowed=self.is_borrowed(unit),
        )

    def stubs(self) -> frozenset[tuple[UnitId, str]]:
        """The exercises of open modules that are still to do: unit and name."""
        return frozenset(
            (unit.id, place.name)
            for file in self.documents
            if (unit := self.unit_at(file)) is not None
            for place in self.places(file, unit)
            if place.stub
        )

    def open_units(self) -> set[UnitId]:
        """The checkpoints whose modules are open."""
        return {unit.id for unit in map(self.unit_at, self.documents) if unit is not None}

    def saved_places(self, file: Path, unit: Unit, typed: tuple[Place, ...]) -> tuple[Place, ...]:
        """The exercises of a module as it is saved; if that does not parse, those that the editor has."""
        saved = text_of(file)
        return places_in(saved, tuple(unit.hints)) if parses(saved) else typed

    def is_borrowed(self, unit: Unit) -> bool:
        """Whether the worked solution stands in for a module."""
        return unit.name in self.workspace.implementation.borrowed


def differs(file: Path, text: str) -> bool:
    """Whether a file holds something else than a text."""
    saved = read_if_present(file)
    return saved is None or fingerprint(saved) != fingerprint(as_saved(text))


def text_of(file: Path) -> str:
    """What a file says; empty if there is none, or it is no text."""
    data = read_if_present(file)
    return decoded(data) if data is not None else ""


def decoded(data: bytes) -> str:
    """The text that source is; empty if it is none."""
    with suppress(SyntaxError, ValueError):
        return decode_source(data)
    return ""
