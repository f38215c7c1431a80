"""What stands at the lines of a module: what is wrong or broken, what is to do, what is stale."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lsprotocol import types
from msgspec import Struct
from pygls.workspace import PositionCodec

from pytest_tinytorch.course.commands import TITO
from pytest_tinytorch.course.curriculum import Unit
from pytest_tinytorch.course.exercises import parse
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.lsp.folding import COLUMNS, folded
from pytest_tinytorch.lsp.laws import Law, function_of
from pytest_tinytorch.lsp.sheets import Sheet
from pytest_tinytorch.lsp.verdicts import UNSAVED, Finding

SOURCE = "tinytorch"
LABELS = (
    "Called",
    "In short",
    "Example",
    "Asked",
    "Expected",
    "Got",
    "Raised",
    "Broken",
    "Not run",
    "Blame",
)
"""What is told below the law, in this order."""
PROSE = frozenset({"In short", "Raised", "Broken", "Not run"})
"""Labels of sentences, which are folded. The lines of the others can be pasted, so they stay whole."""
WINDOW, BEFORE = 80, 16
"""Columns of a narrow window, and those that an editor may need below a line before a message: a sign, a
branch, and the state."""
NARROWEST = 30
"""Columns of a message, at least, however far to the right its line begins."""
MARGIN = 10
"""Columns of a label."""
ERROR = re.compile(r"\w+(?:Error|Exception|Warning)(?=: )")
"""The name of an error, before what it says."""
NOT_PYTHON = frozenset({"SyntaxError", "IndentationError", "TabError"})
"""Errors of a file that does not parse: whatever laws it stops, it is one thing to mend."""
BORROWED = (
    "is borrowed: the worked solution runs in its place. To write it yourself: tito path leave"
)
MOST_RELATED = 5
"""Other places that one diagnostic names, at most."""


class Page(Struct, frozen=True):
    """A file as an editor knows it.

    Attributes:
        uri: its address.
        lines: without what ends them.
        version: of the document, if it is open.
    """

    uri: str
    lines: Sequence[str]
    version: int | None = None


class View(Struct, frozen=True):
    """What diagnostics are made with.

    Attributes:
        root: the workspace.
        page: gives the page of a file.
        codec: counts columns as the editor does.
        laws: node id to law.
        related: whether the editor shows other places.
    """

    root: Path
    page: Callable[[Path], Page]
    codec: PositionCodec
    laws: Mapping[str, Law]
    related: bool


def of_finding(view: View, found: Finding) -> tuple[Path, types.Diagnostic]:
    """A cause at the learner's line; at the law if no line of theirs is to blame."""
    law = view.laws.get(found.nodeids[0]) if found.nodeids else None
    file, line = found.file, found.line
    if not file:
        file = law.file if law else found.nodeids[0].partition("::")[0]
        line = law.line if law else 1
    path = view.root / file
    lines = view.page(path).lines
    diagnostic = types.Diagnostic(
        range=line_range(lines, line, view.codec),
        message=message_of(found, columns_at(lines, line)),
        severity=types.DiagnosticSeverity.Error,
        source=SOURCE,
        code=str(found.state),
        data=data_of(found),
    )
    if view.related:
        diagnostic.related_information = related(view, found)
    return path, diagnostic


def columns_at(lines: Sequence[str], line: int) -> int:
    """Columns for a message at a line, from 1: some editors begin it below that line's text, and cut it."""
    text = lines[line - 1] if 1 <= line <= len(lines) else ""
    return max(WINDOW - BEFORE - (len(text) - len(text.lstrip())), NARROWEST)


def message_of(found: Finding, columns: int = COLUMNS) -> str:
    """What is the matter: the law, what was called, what was expected, what came or why nothing did.

    Args:
        found: what a cause is told with.
        columns: of a line of prose.
    """
    parts = found.message
    title = parts.get("Law") or parts.get("Broken") or found.headline
    lines = [folded(marked(found.marks, title), columns=columns)]
    for label in LABELS:
        if label in parts and parts[label] != title:
            text = parts[label]
            text = folded(text, columns=columns - MARGIN) if label in PROSE else text
            first, *rest = text.splitlines() or [""]
            margins = [f"{label + ':':<{MARGIN}}", *[" " * MARGIN] * len(rest)]
            lines += map("".join, zip(margins, [first, *rest], strict=True))
    return "\n".join([*lines, *others_of(found)])


def others_of(found: Finding) -> list[str]:
    """What is said of the other specs that fail for the same: more laws, or more cases of the one law.

    Nothing where a file does not parse. They are not counted: each run draws other examples, and another
    law may notice.
    """
    if found.message.get("Broken", "").partition(":")[0] in NOT_PYTHON:
        return []
    laws = {function_of(nodeid) for nodeid in found.nodeids}
    noun = "laws" if len(laws) > 1 else "cases"
    return [f"and other {noun}, for the same reason"][: len(found.nodeids) > 1]


def marked(marks: Sequence[str], text: str) -> str:
    """A text that says what it comes from, where that is not a full verdict on what is saved.

    An error has that behind its name: an editor may put the state before it, and one colon is enough.

    >>> marked(["unsaved"], "The law."), marked(["unsaved"], "SyntaxError: '(' was never closed")
    ('unsaved: The law.', "SyntaxError (unsaved): '(' was never closed")
    """
    if not marks:
        return text
    told = ", ".join(marks)
    if error := ERROR.match(text):
        return f"{error[0]} ({told}){text[error.end() :]}"
    return f"{told}: {text}"


def data_of(found: Finding) -> dict[str, Any]:
    """What a command needs to know of a diagnostic, as plain values."""
    return {"nodeids": list(found.nodeids), "unit": found.unit, "exercise": found.exercise}


def related(view: View, found: Finding) -> list[types.DiagnosticRelatedInformation]:
    """The laws that are broken, where they stand."""
    cases = [view.laws[nodeid] for nodeid in found.nodeids if nodeid in view.laws]
    laws = [*{function_of(law.nodeid): law for law in reversed(cases)}.values()][::-1]
    return [
        types.DiagnosticRelatedInformation(
            location=types.Location(
                uri=(page := view.page(view.root / law.file)).uri,
                range=line_range(page.lines, law.line, view.codec),
            ),
            message=law.text,
        )
        for law in laws[:MOST_RELATED]
    ]


def of_sheet(view: View, sheet: Sheet, page: Page, progress: Progress) -> list[types.Diagnostic]:
    """What is to say of a module without a run: what is still to do, and whether it is stale or locked."""
    todo = [] if sheet.borrowed else of_stubs(view, sheet, page.lines)
    return [*todo, *of_state(view, sheet.unit, page.lines, progress)]


def syntax_error(page: Page) -> SyntaxError | None:
    """Why a file does not parse; None if it does, or is no text at all: then runs tell."""
    try:
        parse("\n".join(page.lines))
    except SyntaxError as error:
        return error
    except ValueError:
        pass
    return None


def of_broken_file(view: View, file: Path, page: Page, unsaved: bool) -> list[types.Diagnostic]:
    """Why a file of the package does not parse; nothing if it does."""
    error = syntax_error(page)
    if error is None:
        return []
    why = f"{type(error).__name__}: {error.msg}"
    place, marks = error.lineno or 1, (UNSAVED,) if unsaved else ()
    found = Finding(State.BROKEN, file=str(file), line=place, message={"Broken": why}, marks=marks)
    return [of_finding(view, found)[1]]


def of_stubs(view: View, sheet: Sheet, lines: Sequence[str]) -> list[types.Diagnostic]:
    """The exercises of a module that are still to do."""
    return [
        types.Diagnostic(
            range=line_range(lines, place.stub, view.codec),
            message=f"{place.name} is still to do"
            + f" ({UNSAVED})" * (place.name in sheet.unsaved_stubs)
            + waiting(len(sheet.laws_about(place.name))),
            severity=types.DiagnosticSeverity.Hint,
            source=SOURCE,
            code=str(State.TODO),
            data={"nodeids": [], "unit": sheet.unit.id, "exercise": place.name},
        )
        for place in sheet.places
        if place.stub
    ]


def waiting(count: int) -> str:
    """How many laws wait; nothing if none is known."""
    return f", and {count} law{' waits' if count == 1 else 's wait'} for it" if count else ""


def of_state(
    view: View, unit: Unit, lines: Sequence[str], progress: Progress
) -> list[types.Diagnostic]:
    """Why nothing counts of a module: it is borrowed or locked, or passed for an earlier version.

    An editor may put the state before that, so the sentence does not begin with it.
    """
    state = progress.state[unit.id]
    is_borrowed = state == State.BORROWED
    lock = "" if is_borrowed else progress.lock_text(unit)
    parts = [BORROWED] * is_borrowed
    parts += ["passed for an earlier version of the source or the specs"] * (state == State.STALE)
    parts += [lock] if lock else []
    if not parts:
        return []
    text = f"{unit.label} {'. It '.join(parts)}"
    if lock and (before := progress.modules_before(unit)):
        text += f". To begin here now: {TITO.begin_at(before)}"
    return [
        types.Diagnostic(
            range=line_range(lines, 1, view.codec),
            message=folded(text, columns=columns_at(lines, 1)),
            severity=types.DiagnosticSeverity.Information,
            source=SOURCE,
            code=str(state),
            data={"nodeids": [], "unit": unit.id, "exercise": ""},
        )
    ]


def line_range(lines: Sequence[str], line: int, codec: PositionCodec) -> types.Range:
    """A line, from 1, from its first character to its last; the nearest one if the file is shorter."""
    number = min(max(line, 1), max(len(lines), 1)) - 1
    text = lines[number] if lines else ""
    first = len(text) - len(text.lstrip()) if text.strip() else 0
    start = types.Position(number, codec.client_num_units(text[:first]))
    return types.Range(start, types.Position(number, codec.client_num_units(text.rstrip())))
