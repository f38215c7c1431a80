"""What can be done at a line: hints, the lesson, one law alone, and the exercise begun again."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from textwrap import dedent, indent

from lsprotocol import types
from msgspec import Struct

from pytest_tinytorch.course.exercises import GRADIENT, import_of_todo, line_spans, parse
from pytest_tinytorch.lsp.commands import HINT, LAW, LESSON, STOP
from pytest_tinytorch.lsp.diagnostics import SOURCE, Page
from pytest_tinytorch.lsp.sheets import Place, Sheet

HINTS = 3
QUICKFIX, REWRITE = types.CodeActionKind.QuickFix, types.CodeActionKind.RefactorRewrite
Action = types.CodeAction | types.Command


class Asked(Struct, frozen=True):
    """What actions are for.

    Attributes:
        page: the document.
        sheet: the module that it is.
        place: the exercise at the line.
        diagnostics: that the editor shows there.
        only: kinds of actions that it wants; empty for all.
        debugs: whether the editor runs a law under a debugger of its own.
    """

    page: Page
    sheet: Sheet
    place: Place
    diagnostics: Sequence[types.Diagnostic] = ()
    only: Collection[str] = ()
    debugs: bool = False


def commands(asked: Asked) -> list[types.Command]:
    """The actions that are commands."""
    place, start = asked.place, (asked.page.uri, asked.place.name)
    found = [
        types.Command(f"Hint {number} for {place.name}", HINT, arguments=[*start, number])
        for number in range(1, HINTS + 1)
    ]
    found.append(types.Command(f"Open the lesson at {place.name}", LESSON, arguments=start))
    does = "Run this law alone" if asked.debugs else "Show the command that runs this law alone"
    for nodeid in broken_laws(asked.diagnostics):
        title = f"{does}: {law_text(asked.sheet, nodeid)}"
        found.append(types.Command(title, LAW, arguments=[*start, nodeid]))
    return found


def law_text(sheet: Sheet, nodeid: str) -> str:
    """A law in one sentence; the name of its spec if the sheet does not know it."""
    found = (law.text for law in sheet.laws if law.nodeid == nodeid)
    return next(found, nodeid.rpartition("::")[2])


def broken_laws(diagnostics: Sequence[types.Diagnostic]) -> list[str]:
    """The law that each diagnostic of ours is told with."""
    found = []
    for diagnostic in diagnostics:
        data = diagnostic.data if diagnostic.source == SOURCE else None
        nodeids = data.get("nodeids") if isinstance(data, dict) else None
        found += [str(nodeid) for nodeid in (nodeids or ())[:1]]
    return list(dict.fromkeys(found))


def stop(uri: str, title: str, literals: bool, only: Collection[str] = ()) -> list[Action]:
    """The action that stops a run.

    Args:
        uri: a document of its workspace.
        title: what the action is called; empty if no run goes on.
        literals: whether the editor takes more than commands.
        only: kinds of actions that it wants; empty for all.
    """
    if not title:
        return []
    command = types.Command(title, STOP, arguments=[uri])
    if not literals:
        return [command]
    action = types.CodeAction(title, kind=QUICKFIX, command=command)
    return [action] if is_wanted(action.kind, only) else []


def actions(asked: Asked, stub: str, literals: bool, versioned: bool) -> list[Action]:
    """All actions at an exercise, as the editor takes them.

    Args:
        asked: what they are for.
        stub: the module as a learner begins with it; empty if there is none.
        literals: whether the editor takes more than commands.
        versioned: whether it takes edits of one version of a document.
    """
    if not literals:
        return [*commands(asked)]
    ours = [d for d in asked.diagnostics if d.source == SOURCE]
    found: list[types.CodeAction] = [
        types.CodeAction(one.title, kind=QUICKFIX, diagnostics=ours or None, command=one)
        for one in commands(asked)
    ]
    found += resets(asked, stub, versioned)
    return [*(one for one in found if is_wanted(one.kind, asked.only))]


def is_wanted(kind: types.CodeActionKind | str | None, only: Collection[str]) -> bool:
    """Whether an editor that wants some kinds of actions, and those below them, wants this one."""
    name = kind.value if isinstance(kind, types.CodeActionKind) else kind or ""
    return not only or any(name == one or name.startswith(f"{one}.") or not one for one in only)


def resets(asked: Asked, stub: str, versioned: bool) -> Iterator[types.CodeAction]:
    """The action that begins an exercise again, if it can be."""
    edits = stub_edits(asked.page.lines, stub, asked.place)
    if not edits or asked.place.stub:
        return
    document = types.OptionalVersionedTextDocumentIdentifier(asked.page.uri, asked.page.version)
    edit = (
        types.WorkspaceEdit(document_changes=[types.TextDocumentEdit(document, [*edits])])
        if versioned
        else types.WorkspaceEdit(changes={asked.page.uri: edits})
    )
    yield types.CodeAction(f"Reset {asked.place.name} to its stub", kind=REWRITE, edit=edit)


def stub_edits(lines: Sequence[str], stub: str, place: Place) -> list[types.TextEdit]:
    """What makes an exercise of a document the stub again; nothing if the stub does not have it.

    Args:
        lines: of the document, which need not parse.
        stub: the module as a learner begins with it.
        place: the exercise.
    """
    try:
        fresh = line_spans(stub, [place.name]).get(place.name)
        # The stub of a gradient is a call of `todo`, which may be imported no more.
        imported = place.name.startswith(GRADIENT) and import_of_todo(parse("\n".join(lines)))
    except (SyntaxError, ValueError, LookupError):
        return []
    if fresh is None:
        return []
    first = lines[place.first - 1]
    body = dedent("\n".join(stub.splitlines()[fresh[0] - 1 : fresh[1]]))
    body = indent(body, first[: len(first) - len(first.lstrip())])
    edits = [whole_lines(place.first, place.last, body)]
    return [*edits, whole_lines(*imported)] if imported else edits


def whole_lines(first: int, last: int, text: str) -> types.TextEdit:
    """An edit that puts text in the place of lines, from 1."""
    place = types.Range(types.Position(first - 1, 0), types.Position(last, 0))
    return types.TextEdit(place, text.rstrip("\n") + "\n")
