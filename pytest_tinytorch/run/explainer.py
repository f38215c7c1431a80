"""From an exception to what a learner reads: which law broke, on what, where, and what to try."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import CodeType, TracebackType

from pytest_tinytorch.course.commands import PYTEST, Commands
from pytest_tinytorch.course.curriculum import Curriculum, Unit, UnitId
from pytest_tinytorch.course.exercises import STUB_MESSAGE, below_decorators, line_spans
from pytest_tinytorch.evidence.implementation import GIVEN, PACKAGE, Implementation
from pytest_tinytorch.evidence.outcomes import Outcome, State
from pytest_tinytorch.evidence.paths import leads_nowhere, real_path
from pytest_tinytorch.run.exceptions import (
    EndsProgram,
    ExampleDropped,
    LawBroken,
    MissingName,
    ModuleEndsProgram,
    StubReached,
    TimeLimit,
)
from pytest_tinytorch.run.loops import MODULE
from pytest_tinytorch.run.message import (
    LONGEST_LINE,
    LONGEST_TEXT,
    example_lines,
    labeled_lines,
    source_lines,
)
from pytest_tinytorch.run.specsource import line_in_test, question_at
from pytest_tinytorch.run.suspects import Clue, suspect
from pytest_tinytorch.run.workerends import Ending
from pytest_tinytorch.terminal.plaintext import encodable_text, shortened

MENDED_BY = "mended_by"
"""The attribute of an exception with the exercise that trial has found to blame; see `run.trials`."""

PYTEST_OUTCOME_EXCEPTIONS = ("Skipped", "XFailed", "Exit", "SkipTest")


@dataclass(frozen=True)
class Spec:
    """What is known of a spec before it runs."""

    nodeid: str
    unit: Unit
    group: str
    law: str


@dataclass(frozen=True)
class Frame:
    """One place on the way to an exception."""

    file: Path
    line: int
    name: str


@dataclass(frozen=True)
class Finding:
    """An outcome, and the message that goes with it."""

    outcome: Outcome
    text: str


@dataclass(frozen=True)
class Explainer:
    """Explains exceptions of one run.

    Attributes:
        curriculum: names exercises and hints.
        implementation: tells the learner's files from others.
        root: what paths are shown relative to.
        hints: how many hints a message gives, 0 to 3.
        is_sound: whether a unit is known to be right, so that nothing else is blamed on it.
        commands: what the person types next.
    """

    curriculum: Curriculum
    implementation: Implementation
    root: Path
    hints: int = 0
    is_sound: Callable[[UnitId], bool] = lambda unit: False
    commands: Commands = PYTEST
    folder: Path = field(init=False)
    spans: dict[Path, dict[str, tuple[int, int]]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "folder", real_path(self.implementation.folder / PACKAGE))

    def explain(
        self, spec: Spec, error: BaseException, places: Iterable[Frame] | None = None
    ) -> Finding:
        """What an exception that ended ``spec`` means.

        ``places`` are those on the way to it, if it has no traceback: of a process that is gone.
        """
        if isinstance(error, StubReached | EndsProgram | ExampleDropped):
            error = error.error
        if places is None:
            error, places = self._of_the_learner(error)
        frames = [frame for frame in places if self.is_learners(frame.file)]
        todo = self._todo(spec, error)
        if todo is not None:
            return Finding(todo, f"{todo.file}:{todo.line} {todo.exercise} is still to do")
        kind, headline = self._state_and_headline(error, frames)
        where = self._place(spec, error, frames, kind)
        exercise = self._exercise(where)
        unit = self._blamed_unit(where) or spec.unit
        outcome = Outcome(
            state=kind,
            headline=headline,
            group=spec.group,
            exercise=exercise,
            unit=unit.id,
            file=self.shown(where.file) if where else "",
            line=where.line if where else 0,
            function=self._function_without_end(error, where),
            crashed=isinstance(error, Ending),
            program=bool(getattr(error, "program", "")),
            tried=bool(exercise) and getattr(error, MENDED_BY, "") == exercise,
        )
        return Finding(outcome, self._text(spec, error, outcome, where, unit))

    def _of_the_learner(self, error: BaseException) -> tuple[BaseException, list[Frame]]:
        """What to explain, and the places on the way to it.

        A spec that waits for an error takes note of one of another kind: the place is where that came
        from. If a module cannot be imported, that is what is the matter, and not the law.
        """
        inner = error.__cause__ if isinstance(error, LawBroken) else None
        if inner is None:
            return error, list(traceback_frames(error.__traceback__))
        frames = list(traceback_frames(inner.__traceback__))
        own = [frame for frame in frames if self.is_learners(frame.file)]
        kind, _ = self._state_and_headline(inner, own)
        return (inner if kind == State.BROKEN else error), frames

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
        return found, self._exercise(found) or found.name

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

    def _todo(self, spec: Spec, error: BaseException) -> Outcome | None:
        """The outcome if the exception comes from an untouched stub."""
        found = (
            STUB_MESSAGE.fullmatch(error_text(error))
            if isinstance(error, NotImplementedError)
            else None
        )
        unit = self.curriculum.checkpoint_of_module(found[2]) if found else None
        if found is None or unit is None or found[3] not in unit.hints:
            return None
        file = self.implementation.file(unit.name)
        lines = self._spans(file, unit).get(found[3])
        return Outcome(
            state=State.TODO,
            headline=f"{found[3]} is still to do",
            group=spec.group,
            exercise=found[3],
            unit=unit.id,
            file=self.shown(file),
            line=lines[1] if lines else 0,
        )

    def _state_and_headline(
        self, error: BaseException, frames: Sequence[Frame]
    ) -> tuple[State, str]:
        """(kind, headline) of what is not a stub."""
        text = f"{type(error).__name__}: {_first_line(error)}"
        importing = any(frame.name == MODULE for frame in frames)
        if isinstance(error, Ending):
            told = importing and error.state == State.BROKEN
            return error.state, f"the module cannot be imported: {error}" if told else str(error)
        if isinstance(error, TimeLimit | MissingName | ModuleEndsProgram):
            return State.BROKEN, _first_line(error)
        if isinstance(error, SyntaxError) and self._misspelt(error) is not None:
            return State.BROKEN, f"{type(error).__name__}: {error.msg}"
        if importing:
            return State.BROKEN, f"the module cannot be imported: {text}"
        if isinstance(error, ImportError) and (error.name or "").startswith(PACKAGE):
            return State.BROKEN, self._link_text(error) or text
        if type(error).__name__ in PYTEST_OUTCOME_EXCEPTIONS and not frames:
            return State.NOT_RUN, _first_line(error) or text
        if isinstance(error, OSError) and not frames:
            return State.BROKEN, text  # data that is missing or cannot be read is nobody's mistake
        if isinstance(error, SystemExit | KeyboardInterrupt) or type(error).__name__ == "Exit":
            return State.WRONG, f"ends the program: {text}"
        if type(error).__name__ in PYTEST_OUTCOME_EXCEPTIONS:
            return State.WRONG, f"{text} (code under test cannot skip its specs)"
        if isinstance(error, LawBroken):
            return State.WRONG, f"expected {_short(error.expected)}, got {_short(error.got)}"
        return State.WRONG, text

    def _place(
        self, spec: Spec, error: BaseException, frames: Sequence[Frame], kind: State
    ) -> Frame | None:
        """Where to look: what was found on the way, or else the exercise that the spec is about.

        What lies in another module, which is known to be right, is no place; given code is one only
        if there is no other.
        """
        found = self._blamed_frame(spec, error, frames)
        if (mended := self._mended(spec, error)) is not None:
            return found if self._exercise(found) == mended.name else mended
        unit = self._blamed_unit(found)
        innocent = (
            kind == State.WRONG
            and unit is not None
            and unit.id != spec.unit.id
            and self.is_sound(unit.id)
        )
        given = kind == State.WRONG and found is not None and not self._exercise(found)
        if found is None or innocent or given or (isinstance(error, LawBroken) and not frames):
            about = self._suspect(spec, error, self._exercise(found))
            found = about or (None if innocent else found)
            return found and replace(found, line=self._definition_line(found.file, found.line))
        return found

    def _function_without_end(self, error: BaseException, where: Frame | None) -> str:
        """The function in which a spec was ended, with its file; empty where none was."""
        if where is None or not isinstance(error, TimeLimit | Ending):
            return ""
        first = error.loop.line if isinstance(error, TimeLimit) and error.loop else ""
        return f"{self.shown(where.file)}:{first} {where.name}"

    def _mended(self, spec: Spec, error: BaseException) -> Frame | None:
        """The exercise that trial has found to blame, if any."""
        name = str(getattr(error, MENDED_BY, ""))
        file = real_path(self.implementation.file(spec.unit.name))
        span = self._spans(file, spec.unit).get(name)
        return Frame(file, self._definition_line(file, span[0]), name) if span else None

    def _blamed_frame(
        self, spec: Spec, error: BaseException, frames: Sequence[Frame]
    ) -> Frame | None:
        """The function to blame: what the law called, or else the deepest frame in the module under test.

        What that module called was asked for something by it, and has specs of its own.
        """
        if isinstance(error, SyntaxError) and (theirs := self._misspelt(error)) is not None:
            return Frame(theirs, error.lineno or 1, "")
        if isinstance(error, TimeLimit) and error.loop:
            return Frame(Path(error.loop.file).resolve(), error.line, error.loop.function)
        if isinstance(error, MissingName) and error.file:
            return Frame(real_path(Path(error.file)), 1, "")
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
            missing = self._file_of(error)
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
        exercises = [frame for frame in own if self._exercise(frame)]
        return (exercises or own or frames)[-1]

    def _suspect(self, spec: Spec, error: BaseException, called: str = "") -> Frame | None:
        """The exercise that the failing line of a spec is about: a law may fail without having called it."""
        file = self.implementation.file(spec.unit.name)
        path = real_path(self.root / spec.nodeid.partition("::")[0])
        lines = [f.line for f in traceback_frames(error.__traceback__) if f.file == path]
        spans = self._spans(file, spec.unit)
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

    def _question(self, spec: Spec, error: BaseException) -> str:
        """What a failing spec compares with yes or no; empty if its line does not say."""
        path = real_path(self.root / spec.nodeid.partition("::")[0])
        lines = [f.line for f in traceback_frames(error.__traceback__) if f.file == path]
        return question_at(path.read_text(encoding="utf-8"), lines[-1]) if lines else ""

    def _file_of(self, error: ImportError) -> Path:
        """The file of the module that an error could not import."""
        return self.implementation.file(str(error.name).removeprefix(f"{PACKAGE}."))

    def _link_text(self, error: ImportError) -> str:
        """What to say if a module is not found because its file is a link that leads nowhere."""
        file = self._file_of(error)
        return (
            f"{PACKAGE}/{file.name} is a link that leads to no file" if leads_nowhere(file) else ""
        )

    def _misspelt(self, error: SyntaxError) -> Path | None:
        """The learner's file that does not parse, if it is one of theirs."""
        file = real_path(Path(error.filename)) if error.filename else None
        return file if file is not None and self.is_learners(file) else None

    def _lowest(self, frames: Sequence[Frame]) -> Frame | None:
        """Where a circle of imports begins to be wrong: no module may import a later one."""
        order = {unit.name: number for number, unit in enumerate(self.curriculum.checkpoints)}
        return min(frames, key=lambda f: order.get(f.file.stem, len(order)), default=None)

    def _exercise(self, where: Frame | None) -> str:
        """The exercise that a place lies in, if any."""
        unit = self._blamed_unit(where)
        if where is None or unit is None:
            return ""
        for name, (first, last) in self._spans(where.file, unit).items():
            if first <= where.line <= last:
                return name
        return ""

    def _spans(self, file: Path, unit: Unit) -> dict[str, tuple[int, int]]:
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

    def _blamed_unit(self, where: Frame | None) -> Unit | None:
        """The checkpoint whose module a place lies in, if any."""
        if where is None or where.file.parent != self.folder:
            return None
        return self.curriculum.checkpoint_of_module(where.file.stem)

    def _text(
        self, spec: Spec, error: BaseException, outcome: Outcome, where: Frame | None, unit: Unit
    ) -> str:
        source = source_lines(error, where.file, where.line) if where else []
        gone = isinstance(error, Ending) and where is not None and where.name == MODULE
        lines = [f"✗ {unit.label}"] if source or gone else self._spec_lines(spec, error)
        if isinstance(error, LawBroken):
            is_told = getattr(error, "program", "") in ("", error.called)
            is_answer = error.expected in ("True", "False") and is_told
            if is_answer and (asked := self._question(spec, error)):
                lines += labeled_lines("Asked", asked)
            lines += labeled_lines("Expected", error.expected)
            lines += labeled_lines("Got", error.got)
        else:
            labels = {State.BROKEN: "Broken", State.NOT_RUN: "Not run"}
            lines += labeled_lines(labels.get(outcome.state, "Raised"), _raised(error, outcome))
            if isinstance(error, TimeLimit) and error.option:
                lines += labeled_lines("Limit", error.option)
        if where is not None:
            name = outcome.exercise or ("" if "<" in where.name else where.name)
            inside = f" in {name}" if name else ""
            lines += labeled_lines("Where", f"{outcome.file}:{outcome.line}{inside}")
            lines += source
        if unit.id != spec.unit.id:
            lines += labeled_lines("Blame", f"checkpoint {unit.label}: {self.commands.test(unit)}")
        return "\n".join([*lines, *self.hint_lines(unit, outcome.exercise)])

    def _spec_lines(self, spec: Spec, error: BaseException) -> list[str]:
        """What the spec says and has called. For a file that cannot be imported that is beside the point."""
        lines = [f"✗ {spec.unit.label} · {spec.group}"]
        if spec.law:
            lines += labeled_lines("Law", spec.law)
        program = getattr(error, "program", None)
        if told := program or getattr(error, "called", None):
            # What no program shows is told in short: that cannot be pasted.
            return lines + labeled_lines("In short" if program == "" else "Called", str(told))
        example = example_lines(error)
        return lines + (labeled_lines("Example", example) if example else [])

    def hint_lines(self, unit: Unit, exercise: str) -> list[str]:
        """The hints asked for, or how to ask for one."""
        hints = unit.hints.get(exercise, ())
        if not hints:
            return []
        if not self.hints:
            return labeled_lines("Hint", self.commands.hint(unit, exercise))
        found: list[str] = []
        for number, hint in enumerate(hints[: self.hints], start=1):
            found += labeled_lines(f"Hint {number}", hint)
        return found


def traceback_frames(traceback: TracebackType | None) -> Iterator[Frame]:
    """The places of a traceback, the outermost first."""
    while traceback is not None:
        code = traceback.tb_frame.f_code
        yield Frame(real_path(Path(code.co_filename)), traceback.tb_lineno, code.co_qualname)
        traceback = traceback.tb_next


def _raised(error: BaseException, outcome: Outcome) -> str:
    if isinstance(error, TimeLimit):
        return str(error)
    if outcome.state in (State.BROKEN, State.NOT_RUN):
        return outcome.headline
    text = error_text(error).strip()
    if isinstance(error, AssertionError) and text:
        return text
    return outcome.headline


def _first_line(error: BaseException) -> str:
    return (error_text(error, LONGEST_LINE).strip().splitlines() or [""])[0]


def error_text(error: BaseException, longest: int = LONGEST_TEXT) -> str:
    """The text of an exception, even of one that a learner made and cannot be shown."""
    try:
        return encodable_text(shortened(str(error), longest))
    except Exception as failure:
        return f"no message, because str() of it raises {type(failure).__name__}"


def _short(text: str, width: int = 60) -> str:
    text = " ".join(text.split())
    return text if len(text) <= width else text[: width - 3] + "..."
