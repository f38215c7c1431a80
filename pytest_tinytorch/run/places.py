"""Where to look: which of the learner's functions an exception is to be blamed on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from types import CodeType, TracebackType

from msgspec import Struct
from msgspec.structs import replace

from pytest_tinytorch.course.curriculum import Curriculum, Unit, UnitId
from pytest_tinytorch.course.exercises import below_decorators, line_spans
from pytest_tinytorch.course.renamed import renamed
from pytest_tinytorch.evidence.implementation import GIVEN, PACKAGE, Implementation
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.evidence.paths import real_path
from pytest_tinytorch.run.exceptions import LawBroken, MissingName, TimeLimit
from pytest_tinytorch.run.loops import MODULE
from pytest_tinytorch.run.message import error_text
from pytest_tinytorch.run.specsource import line_in_test
from pytest_tinytorch.run.suspects import Clue, suspect
from pytest_tinytorch.run.workerends import Ending

MENDED_BY = "mended_by"
"""The attribute of an exception with the exercise that trial has found to blame; see `run.trials`."""


class Spec(Struct, frozen=True):
    """What is known of a spec before it runs."""

    nodeid: str
    unit: Unit
    group: str
    law: str


class Frame(Struct, frozen=True):
    """One place on the way to an exception."""

    file: Path
    line: int
    name: str


class Places(Struct, frozen=True, dict=True):
    """The learner's files, and which place in them is to be blamed.

    Attributes:
        curriculum: names exercises.
        implementation: tells the learner's files from others.
        root: what paths are shown relative to.
        is_sound: whether a unit is known to be right, so that nothing else is blamed on it.
    """

    curriculum: Curriculum
    implementation: Implementation
    root: Path
    is_sound: Callable[[UnitId], bool] = lambda unit: False

    @cached_property
    def folder(self) -> Path:
        """The package of the learner, without links."""
        return real_path(self.implementation.folder / PACKAGE)

    @cached_property
    def spans(self) -> dict[Path, dict[str, tuple[int, int]]]:
        """File to the lines of its exercises, as far as anybody has asked."""
        return {}

    def learners_frames(self, frames: Iterable[Frame]) -> list[Frame]:
        """Those of a process's frames that are the learner's."""
        found = [replace(frame, file=real_path(frame.file)) for frame in frames]
        return [frame for frame in found if self.is_learners(frame.file)]

    def place_among(self, spec: Spec, frames: Sequence[Frame]) -> tuple[Frame, str] | None:
        """Where the learner's code is while ``spec`` runs, and the exercise or else the function.

        Args:
            spec: that runs.
            frames: of the learner, the outermost first.
        """
        if not frames:
            return None
        found = self._deepest(spec, frames)
        return found, self.exercise(found) or found.name

    def is_learners(self, file: Path) -> bool:
        """Whether a file belongs to the package under test: neither borrowed nor given."""
        return self.folder in file.parents and file.stem not in GIVEN

    def raised_by_learner(self, error: BaseException) -> bool:
        """Whether an exception came out of the learner's code."""
        return any(self.is_learners(frame.file) for frame in traceback_frames(error.__traceback__))

    def shown(self, file: Path) -> str:
        """A path as a person clicks it: relative to the root where it is inside."""
        try:
            return file.relative_to(self.root).as_posix()
        except ValueError:
            return str(file)

    def place(
        self, spec: Spec, error: BaseException, frames: Sequence[Frame], kind: State
    ) -> Frame | None:
        """Where to look: what was found on the way, or else the exercise that the spec is about.

        What lies in another module, which is known to be right, is no place; given code is one only
        if there is no other.
        """
        found = self._blamed_frame(spec, error, frames)
        if (mended := self._mended(spec, error)) is not None:
            return found if self.exercise(found) == mended.name else mended
        unit = self.blamed_unit(found)
        innocent = (
            kind == State.WRONG
            and unit is not None
            and unit.id != spec.unit.id
            and self.is_sound(unit.id)
        )
        given = kind == State.WRONG and found is not None and not self.exercise(found)
        if found is None or innocent or given or (isinstance(error, LawBroken) and not frames):
            about = self._suspect(spec, error, self.exercise(found))
            found = about or (None if innocent else found)
            return found and replace(found, line=self._definition_line(found.file, found.line))
        return found

    def missing_exercise(self, spec: Spec, error: BaseException) -> MissingName | None:
        """What to say of a name or an attribute that is not there because an exercise is not.

        Else who asked for it would be blamed, which may be code that is right.
        """
        module, names = asked_for(error)
        for unit in filter(None, (self.curriculum.checkpoint_of_module(module), spec.unit)):
            file = real_path(self.implementation.file(unit.name))
            there = self.spans_of(file, unit)
            missing = [name for name in names if name in unit.hints and name not in there]
            if missing and there and self.is_learners(file):
                return MissingName(f"{PACKAGE}.{unit.name}", missing[0], str(file))
        return None

    def renamed(self, error: MissingName) -> Frame | None:
        """The function that has another name than specs ask for, if it is clear which."""
        if not error.file:
            return None
        file = real_path(Path(error.file))
        reference = self.implementation.reference / PACKAGE / file.name
        try:
            source, right = map(self.implementation.text, (file, reference))
        except (OSError, SyntaxError, ValueError):
            return None
        found = renamed(source, right, error.missing)
        return Frame(file, found[1], found[0]) if found else None

    def function_without_end(self, error: BaseException, where: Frame | None) -> str:
        """The function in which a spec was ended, with its file; empty where none was."""
        if where is None or not isinstance(error, TimeLimit | Ending):
            return ""
        first = error.loop.line if isinstance(error, TimeLimit) and error.loop else ""
        return f"{self.shown(where.file)}:{first} {where.name}"

    def _mended(self, spec: Spec, error: BaseException) -> Frame | None:
        """The exercise that trial has found to blame, if any."""
        name = str(getattr(error, MENDED_BY, ""))
        file = real_path(self.implementation.file(spec.unit.name))
        span = self.spans_of(file, spec.unit).get(name)
        return Frame(file, self._definition_line(file, span[0]), name) if span else None

    def _blamed_frame(
        self, spec: Spec, error: BaseException, frames: Sequence[Frame]
    ) -> Frame | None:
        """The function to blame: what the law called, or else the deepest frame in the module under test.

        What that module called was asked for something by it, and has specs of its own.
        """
        if isinstance(error, SyntaxError) and (theirs := self.misspelt(error)) is not None:
            return Frame(theirs, error.lineno or 1, "")
        if isinstance(error, TimeLimit) and error.loop:
            return Frame(Path(error.loop.file).resolve(), error.line, error.loop.function)
        if isinstance(error, MissingName) and error.file:
            return self.renamed(error) or Frame(real_path(Path(error.file)), 1, "")
        if isinstance(error, ImportError) and "circular import" in error_text(error):
            return self._lowest(frames)
        code = getattr(error, "returned_by", None)
        if isinstance(code, CodeType) and self.is_learners(real_path(Path(code.co_filename))):
            file = real_path(Path(code.co_filename))
            return Frame(file, self._definition_line(file, code.co_firstlineno), code.co_qualname)
        if any(frame.name == MODULE for frame in frames):
            return frames[-1]
        if frames:
            return self._deepest(spec, frames)
        if isinstance(error, ImportError) and (error.name or "").startswith(f"{PACKAGE}."):
            missing = self.file_of(error)
            return Frame(real_path(missing.parent) / missing.name, 1, "")
        if isinstance(error, LawBroken) and error.where:
            written, line, name = error.where
            file = real_path(Path(written))
            if self.is_learners(file):
                return Frame(file, self._definition_line(file, line), name)
        return None

    def _deepest(self, spec: Spec, frames: Sequence[Frame]) -> Frame:
        """The deepest frame in the module under test, in an exercise of it if there is one."""
        own = [frame for frame in frames if frame.file.stem == spec.unit.name]
        exercises = [frame for frame in own if self.exercise(frame)]
        return (exercises or own or frames)[-1]

    def _suspect(self, spec: Spec, error: BaseException, called: str = "") -> Frame | None:
        """The exercise that the failing line of a spec is about: a law may fail without having called it."""
        file = self.implementation.file(spec.unit.name)
        path = real_path(self.root / spec.nodeid.partition("::")[0])
        lines = [f.line for f in traceback_frames(error.__traceback__) if f.file == path]
        spans = self.spans_of(file, spec.unit)
        if not spans or not path.is_file() or not self.is_learners(real_path(file)):
            return None
        texts = [path.read_text(encoding="utf-8"), self.implementation.text(file)]
        told = str(getattr(error, "called", None) or "")
        clue = Clue(spec.law, spec.nodeid.rpartition("::")[2], spec.group, called, told)
        line = line_in_test(texts[0], lines, clue.test)
        if not line:
            return None
        name = suspect(texts[0], line, spec.unit.name, texts[1], spans, clue)
        return Frame(real_path(file), spans[name][0], name) if name else None

    def file_of(self, error: ImportError) -> Path:
        """The file of the module that an error could not import."""
        return self.implementation.file(str(error.name).removeprefix(f"{PACKAGE}."))

    def misspelt(self, error: SyntaxError) -> Path | None:
        """The learner's file that does not parse, if it is one of theirs."""
        file = real_path(Path(error.filename)) if error.filename else None
        return file if file is not None and self.is_learners(file) else None

    def _lowest(self, frames: Sequence[Frame]) -> Frame | None:
        """Where a circle of imports begins to be wrong: no module may import a later one."""
        order = {unit.name: number for number, unit in enumerate(self.curriculum.checkpoints)}
        return min(frames, key=lambda f: order.get(f.file.stem, len(order)), default=None)

    def exercise(self, where: Frame | None) -> str:
        """The exercise that a place lies in, if any."""
        unit = self.blamed_unit(where)
        if where is None or unit is None:
            return ""
        for name, (first, last) in self.spans_of(where.file, unit).items():
            if first <= where.line <= last:
                return name
        return ""

    def spans_of(self, file: Path, unit: Unit) -> dict[str, tuple[int, int]]:
        """First and last line of each exercise in a file; none if it cannot be read or parsed."""
        if file not in self.spans:
            try:
                self.spans[file] = line_spans(self.implementation.text(file), unit.hints)
            except (OSError, SyntaxError, ValueError):
                self.spans[file] = {}
        return self.spans[file]

    def _definition_line(self, file: Path, line: int) -> int:
        """The line of the ``def`` of a function that begins at ``line``, with its decorators."""
        try:
            return below_decorators(self.implementation.text(file).splitlines(), line)
        except (OSError, SyntaxError, ValueError):
            return line

    def blamed_unit(self, where: Frame | None) -> Unit | None:
        """The checkpoint whose module a place lies in, if any."""
        if where is None or where.file.parent != self.folder:
            return None
        return self.curriculum.checkpoint_of_module(where.file.stem)


def asked_for(error: BaseException) -> tuple[str, list[str]]:
    """The module of the package that an error says lacks something, and what; both empty if it says no such.

    >>> asked_for(NameError("name 'relu' is not defined", name="relu"))
    ('', ['relu'])
    """
    if isinstance(error, NameError) and not isinstance(error, UnboundLocalError):
        frames = list(traceback_frames(error.__traceback__))
        return (frames[-1].file.stem if frames else ""), [str(error.name)]
    if not isinstance(error, AttributeError) or isinstance(error, MissingName):
        return "", []
    owner = error.obj if isinstance(error.obj, type) else type(error.obj)
    package, _, module = str(owner.__module__).rpartition(".")  # a class may say anything there
    if package != PACKAGE:
        return "", []
    return module, [*(f"{one.__qualname__}.{error.name}" for one in owner.__mro__), str(error.name)]


def traceback_frames(traceback: TracebackType | None) -> Iterator[Frame]:
    """The places of a traceback, the outermost first."""
    while traceback is not None:
        code = traceback.tb_frame.f_code
        yield Frame(real_path(Path(code.co_filename)), traceback.tb_lineno, code.co_qualname)
        traceback = traceback.tb_next
