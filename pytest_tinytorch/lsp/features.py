"""What an editor may ask for, and what answers it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, cast

from lsprotocol import types
from pygls import uris
from pygls.exceptions import JsonRpcInvalidParams

from pytest_tinytorch.evidence.paths import real_path
from pytest_tinytorch.lsp import actions, answers, connection, hovers, lenses
from pytest_tinytorch.lsp.client import client_of
from pytest_tinytorch.lsp.commands import DEBUG, HINT, LAW, LAWS, LESSON, RUN, STOP
from pytest_tinytorch.lsp.desk import FAILED, Desk, Start
from pytest_tinytorch.lsp.edits import edited
from pytest_tinytorch.lsp.server import Server
from pytest_tinytorch.lsp.sheets import Place, Sheet
from pytest_tinytorch.lsp.shelf import Document
from pytest_tinytorch.watch import processes
from pytest_tinytorch.watch.programs import Tell
from pytest_tinytorch.watch.request import Setup

INTERRUPTED = 130
"""The exit code after Ctrl-C."""
WAITS = "waits for an editor to speak with it on standard input; Ctrl-C ends it"
NO_EDITOR = (
    "standard input has ended, and no editor has said hello in the Language Server Protocol."
    " `tito editor` writes the settings with which yours does, and `tito docs editors` says more"
)


def serve() -> int:
    """Serve an editor on standard input and output until it ends that; the exit code."""
    server = made(start_processes)
    connection.speak_plainly()
    signal.signal(signal.SIGINT, lambda *_: interrupt(server))
    if sys.stderr is not None and sys.stderr.isatty():
        connection.say_to_a_person(WAITS)
    try:
        server.start_io(stdout=cast(BinaryIO, connection.outlet()))
    finally:
        server.close()
    if server.events is None:
        connection.say_to_a_person(NO_EDITOR)
    return 0 if server.ended else 1


def interrupt(server: Server) -> None:
    """End all that runs, and this process: its thread that waits for the editor would not end."""
    server.close()
    os._exit(INTERRUPTED)


def start_processes(setup: Setup, tell: Tell) -> processes.InOrder:
    """The processes that specs of a workspace run in."""
    kind = processes.Forking if processes.may_fork() else processes.Spare
    failed = lambda error: tell({"beat": FAILED, "text": str(error)})
    return processes.InOrder(lambda: kind(setup, tell), failed)


def made(start: Start) -> Server:
    """A server with all that an editor may ask for."""
    server = Server(start)
    for name, feature in FEATURES.items():
        options = OPTIONS.get(name)
        server.feature(name, options)(feature)
    for name, command in COMMANDS.items():
        server.command(name)(command)
    return server


def initialize(server: Server, params: types.InitializeParams) -> None:
    """Take note of what the editor can do."""
    server.client = client_of(params)
    server.events = asyncio.get_running_loop()


async def shutdown(server: Server, _: None) -> None:
    """End all that runs, before the editor is answered."""
    server.ended = True
    await server.leave_all()


def did_open(server: Server, params: types.DidOpenTextDocumentParams) -> None:
    """A document is opened."""
    one = params.text_document
    server.refused.clear()  # what was wrong with a workspace may be mended
    if found := server.desk_of(one.uri, opens=True):
        desk, file = found
        desk.open(file, Document(one.uri, one.text, one.version))


def did_change(server: Server, params: types.DidChangeTextDocumentParams) -> None:
    """Somebody types."""
    one = params.text_document
    if found := server.desk_of(one.uri):
        desk, file = found
        before = desk.shelf.documents.get(file)
        if before is not None:
            text = edited(before.text, params.content_changes, server.codec)
            desk.change(file, Document(one.uri, text, one.version))


def did_save(server: Server, params: types.DidSaveTextDocumentParams) -> None:
    """Somebody saves: what lies in package or specs."""
    if found := server.desk_of(params.text_document.uri):
        desk, file = found
        desk.told_of([file])


def did_close(server: Server, params: types.DidCloseTextDocumentParams) -> None:
    """A document is closed."""
    if found := server.desk_of(params.text_document.uri):
        desk, file = found
        desk.shut(file)


def watched_files(server: Server, params: types.DidChangeWatchedFilesParams) -> None:
    """Files were written, whoever did."""
    for change in params.changes:
        if found := server.desk_of(change.uri):
            desk, file = found
            desk.told_of([file])


async def folders(server: Server, params: types.DidChangeWorkspaceFoldersParams) -> None:
    """Folders are closed."""
    for folder in params.event.removed:
        if path := uris.to_fs_path(folder.uri):
            await server.leave(real_path(Path(path)))


def code_lens(server: Server, params: types.CodeLensParams) -> list[types.CodeLens]:
    """What stands above exercises."""
    uri = params.text_document.uri
    if (found := server.desk_of(uri)) and (sheet := found[0].sheet(found[1])):
        page, slow = found[0].shelf.page(found[1]), found[0].running.slow
        name, beside = slow.exercise if slow else "", server.client.lens_beside
        return lenses.lenses(sheet, uri, page.lines, server.codec, name, beside)
    return []


def hover(server: Server, params: types.HoverParams) -> types.Hover | None:
    """The laws of the exercise whose head is pointed at, and how to debug what is wrong at the line."""
    uri, line = params.text_document.uri, params.position.line
    found = server.desk_of(uri)
    sheet = found[0].sheet(found[1]) if found else None
    if found is None or sheet is None:
        return None
    shelf, here = found[0].shelf, found[0].board.at(uri, line)
    debug = {
        actions.law_text(sheet, nodeid): answers.alone(nodeid)
        for nodeid in actions.broken_laws(here)
    }
    place = sheet.place_at(line + 1)
    lines = []
    if place is not None and line < place.head:
        curriculum, source = shelf.workspace.curriculum, shelf.reference(sheet.unit)
        lines = hovers.about(sheet, place, curriculum, source)
    return hovers.hover(lines, debug, server.client.markdown)


def code_action(server: Server, params: types.CodeActionParams) -> list[actions.Action]:
    """What can be done at a line."""
    uri, context, client = params.text_document.uri, params.context, server.client
    found = server.desk_of(uri)
    if found is None:
        return []
    desk, file = found
    only = [str(getattr(kind, "value", kind)) for kind in context.only or ()]
    stop = actions.stop(uri, desk.running.stop_title, client.literals, only)
    sheet = desk.sheet(file)
    place = sheet.place_at(params.range.start.line + 1) if sheet else None
    if sheet is None or place is None:
        return stop
    page = desk.shelf.page(file)
    asked = actions.Asked(page, sheet, place, context.diagnostics, only, client.debugs)
    stub = desk.shelf.stub(sheet.unit)
    return [*stop, *actions.actions(asked, stub, client.literals, client.versioned)]


def exercise_at(server: Server, arguments: tuple[Any, ...]) -> tuple[Desk, Sheet, Place]:
    """What a command is about: its first two arguments are a document and an exercise.

    Raises:
        JsonRpcInvalidParams: they are not.
    """
    if len(arguments) < 2 or not all(isinstance(one, str) for one in arguments[:2]):
        raise JsonRpcInvalidParams("the address of a document and an exercise are needed")
    uri, exercise = arguments[:2]
    found = server.desk_of(uri)
    sheet = found[0].sheet(found[1]) if found else None
    place = sheet.place(exercise) if sheet else None
    if found is None or sheet is None or place is None:
        raise JsonRpcInvalidParams(f"{uri} has no exercise {exercise!r}, or is not open")
    return found[0], sheet, place


def run(server: Server, *arguments: Any) -> None:
    """Run the specs of a module."""
    desk, sheet, _ = exercise_at(server, arguments)
    desk.run(sheet.unit)


def stop(server: Server, *arguments: Any) -> None:
    """Stop the run of the workspace that a document lies in; without a document, all runs."""
    if not arguments:
        for desk in server.desks.values():
            desk.stop()
        return
    if not isinstance(arguments[0], str):
        raise JsonRpcInvalidParams("the address of a document is needed")
    if found := server.desk_of(arguments[0]):
        found[0].stop()


def laws(server: Server, *arguments: Any) -> str:
    """Show the laws of an exercise."""
    _, sheet, place = exercise_at(server, arguments)
    return shown(server, answers.laws(sheet, place))


def hint(server: Server, *arguments: Any) -> str:
    """Show a hint: the one that is named, or else one more each time."""
    desk, sheet, place = exercise_at(server, arguments)
    key = (sheet.unit.id, place.name)
    number = arguments[2] if len(arguments) > 2 else desk.hints.get(key, 0) + 1
    if not isinstance(number, int):
        raise JsonRpcInvalidParams(f"the number of a hint is needed, got {number!r}")
    count = len(sheet.unit.hints[place.name])
    desk.hints[key] = number = min(max(number, 1), count)
    return shown(server, answers.hint(sheet.unit, place.name, number))


def law(server: Server, *arguments: Any) -> str:
    """Show the command that runs one law alone, for a terminal."""
    desk, *_ = exercise_at(server, arguments)
    command = answers.alone(spec_in(desk, arguments))
    server.say(f"{command}\n{answers.TO_STOP}")
    return command


def debug(server: Server, *arguments: Any) -> dict[str, Any]:
    """Tell an editor what to run in its own debugger, for one law alone."""
    desk, _, place = exercise_at(server, arguments)
    return answers.debugging(desk.root, arguments[0], place, spec_in(desk, arguments))


def spec_in(desk: Desk, arguments: tuple[Any, ...]) -> str:
    """The third argument of a command: the node id of a spec.

    Raises:
        JsonRpcInvalidParams: it is none.
    """
    nodeid = arguments[2] if len(arguments) > 2 else None
    if not isinstance(nodeid, str) or desk.shelf.workspace.curriculum.unit_of_spec(nodeid) is None:
        raise JsonRpcInvalidParams(f"the node id of a spec is needed, got {nodeid!r}")
    return nodeid


def lesson(server: Server, *arguments: Any) -> str:
    """Open the lesson at the section of an exercise, or say where it is."""
    desk, sheet, place = exercise_at(server, arguments)
    file, line = answers.lesson(desk.root, sheet.unit, place.name)
    if not file.is_file():
        return shown(server, f"{sheet.unit.label} has no lesson: {file} is missing")
    if not server.client.shows_documents:
        return shown(server, f"{file}:{line + 1}")
    start = types.Position(line, 0)
    uri = uris.from_fs_path(str(file)) or ""
    told = types.ShowDocumentParams(uri, take_focus=True, selection=types.Range(start, start))
    server.window_show_document(told)
    return f"{file}:{line + 1}"


def shown(server: Server, text: str) -> str:
    """A text, once it is shown."""
    server.say(text)
    return text


FEATURES: dict[str, Callable[..., Any]] = {
    types.INITIALIZE: initialize,
    types.SHUTDOWN: shutdown,
    types.TEXT_DOCUMENT_DID_OPEN: did_open,
    types.TEXT_DOCUMENT_DID_CHANGE: did_change,
    types.TEXT_DOCUMENT_DID_SAVE: did_save,
    types.TEXT_DOCUMENT_DID_CLOSE: did_close,
    types.WORKSPACE_DID_CHANGE_WATCHED_FILES: watched_files,
    types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS: folders,
    types.TEXT_DOCUMENT_CODE_LENS: code_lens,
    types.TEXT_DOCUMENT_HOVER: hover,
    types.TEXT_DOCUMENT_CODE_ACTION: code_action,
}
KINDS = [types.CodeActionKind.QuickFix, types.CodeActionKind.RefactorRewrite]
OPTIONS = {types.TEXT_DOCUMENT_CODE_ACTION: types.CodeActionOptions(code_action_kinds=KINDS)}
COMMANDS: dict[str, Callable[..., Any]] = {
    LAWS: laws,
    RUN: run,
    STOP: stop,
    HINT: hint,
    LESSON: lesson,
    LAW: law,
    DEBUG: debug,
}
