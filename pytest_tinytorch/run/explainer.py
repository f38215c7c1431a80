"""From an exception to what a learner reads: which law broke, on what, where, and what to try."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path

from msgspec import Struct

from pytest_tinytorch.course.commands import PYTEST, Commands
from pytest_tinytorch.course.curriculum import Curriculum, Unit, UnitId
from pytest_tinytorch.course.exercises import STUB_MESSAGE
from pytest_tinytorch.evidence.implementation import PACKAGE, Implementation
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
    error_text,
    example_lines,
    labeled_lines,
    source_lines,
)
from pytest_tinytorch.run.places import MENDED_BY, Frame, Places, Spec, traceback_frames
from pytest_tinytorch.run.specsource import question_at
from pytest_tinytorch.run.workerends import Ending

BREAKPOINT = "a breakpoint() stopped it, and nobody was there: take it out, or add --pdb"
PYTEST_OUTCOME_EXCEPTIONS = ("Skipped", "XFailed", "Exit", "SkipTest")


class Finding(Struct, frozen=True):
    """An outcome, and the message that goes with it."""

    outcome: Outcome
    text: str


class Explainer(Struct, frozen=True, dict=True):
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

    @cached_property
    def places(self) -> Places:
        """Knows where to look."""
        return Places(self.curriculum, self.implementation, self.root, self.is_sound)

    def explain(
        self, spec: Spec, error: BaseException, places: Iterable[Frame] | None = None
    ) -> Finding:
        """What an exception that ended ``spec`` means.

        ``places`` are those on the way to it, if it has no traceback: of a process that is gone.
        """
        if isinstance(error, StubReached | EndsProgram | ExampleDropped):
            error = error.error
        if places is None:
            error, places = self._of_the_learner(spec, error)
        frames = [frame for frame in places if self.places.is_learners(frame.file)]
        todo = self._todo(spec, error)
        if todo is not None:
            return Finding(todo, f"{todo.file}:{todo.line} {todo.exercise} is still to do")
        kind, headline = self._state_and_headline(error, frames)
        where = self.places.place(spec, error, frames, kind)
        exercise = self.places.exercise(where)
        unit = self.places.blamed_unit(where) or spec.unit
        outcome = Outcome(
            state=kind,
            headline=headline,
            group=spec.group,
            exercise=exercise,
            unit=unit.id,
            file=self.places.shown(where.file) if where else "",
            line=where.line if where else 0,
            function=self.places.function_without_end(error, where),
            crashed=isinstance(error, Ending),
            program=bool(getattr(error, "program", "")),
            tried=bool(exercise) and getattr(error, MENDED_BY, "") == exercise,
        )
        return Finding(outcome, self._text(spec, error, outcome, where, unit))

    def _of_the_learner(
        self, spec: Spec, error: BaseException
    ) -> tuple[BaseException, list[Frame]]:
        """What to explain, and the places on the way to it.

        A spec that waits for an error takes note of one of another kind: the place is where that came
        from. If a module cannot be imported, or lacks an exercise, that is what is the matter, not the law.
        """
        inner = error.__cause__ if isinstance(error, LawBroken) else None
        if inner is None:
            frames = list(traceback_frames(error.__traceback__))
            return self.places.missing_exercise(spec, error) or error, frames
        frames = list(traceback_frames(inner.__traceback__))
        inner = self.places.missing_exercise(spec, inner) or inner
        own = [frame for frame in frames if self.places.is_learners(frame.file)]
        kind, _ = self._state_and_headline(inner, own)
        return (inner if kind == State.BROKEN else error), frames

    def _todo(self, spec: Spec, error: BaseException) -> Outcome | None:
        """The outcome if the exception comes from an untouched stub."""
        found = (
            re.fullmatch(STUB_MESSAGE, error_text(error))
            if isinstance(error, NotImplementedError)
            else None
        )
        unit = self.curriculum.checkpoint_of_module(found[2]) if found else None
        if found is None or unit is None or found[3] not in unit.hints:
            return None
        file = self.implementation.file(unit.name)
        lines = self.places.spans_of(file, unit).get(found[3])
        return Outcome(
            state=State.TODO,
            headline=f"{found[3]} is still to do",
            group=spec.group,
            exercise=found[3],
            unit=unit.id,
            file=self.places.shown(file),
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
        if isinstance(error, MissingName) and (found := self.places.renamed(error)) is not None:
            return State.BROKEN, f"{_first_line(error)}. Is it {found.name!r} now?"
        if isinstance(error, TimeLimit | MissingName | ModuleEndsProgram):
            return State.BROKEN, _first_line(error)
        if isinstance(error, SyntaxError) and self.places.misspelt(error) is not None:
            return State.BROKEN, f"{type(error).__name__}: {error.msg}"
        if importing:
            return State.BROKEN, f"the module cannot be imported: {text}"
        if isinstance(error, ImportError) and (error.name or "").startswith(PACKAGE):
            return State.BROKEN, self._link_text(error) or text
        if type(error).__name__ in PYTEST_OUTCOME_EXCEPTIONS and not frames:
            return State.NOT_RUN, _first_line(error) or text
        if isinstance(error, OSError) and not frames:
            return State.BROKEN, text  # data that is missing or cannot be read is nobody's mistake
        if type(error).__name__ == "BdbQuit":
            return State.WRONG, BREAKPOINT
        if isinstance(error, SystemExit | KeyboardInterrupt) or type(error).__name__ == "Exit":
            return State.WRONG, f"ends the program: {text}"
        if type(error).__name__ in PYTEST_OUTCOME_EXCEPTIONS:
            return State.WRONG, f"{text} (code under test cannot skip its specs)"
        if isinstance(error, LawBroken):
            return State.WRONG, f"expected {_short(error.expected)}, got {_short(error.got)}"
        return State.WRONG, text

    def _question(self, spec: Spec, error: BaseException) -> str:
        """What a failing spec compares with yes or no; empty if its line does not say."""
        path = real_path(self.root / spec.nodeid.partition("::")[0])
        lines = [f.line for f in traceback_frames(error.__traceback__) if f.file == path]
        return question_at(path.read_text(encoding="utf-8"), lines[-1]) if lines else ""

    def _link_text(self, error: ImportError) -> str:
        """What to say if a module is not found because its file is a link that leads nowhere."""
        file = self.places.file_of(error)
        return (
            f"{PACKAGE}/{file.name} is a link that leads to no file" if leads_nowhere(file) else ""
        )

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


def _short(text: str, width: int = 60) -> str:
    text = " ".join(text.split())
    return text if len(text) <= width else text[: width - 3] + "..."
