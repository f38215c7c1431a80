"""A connection to one editor: what it is told, and the desk of each workspace that it has a document of."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Mapping
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

from lsprotocol import types
from pygls import uris
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol, default_converter, lsp_method
from pygls.workspace import PositionCodec

from pytest_tinytorch import settings
from pytest_tinytorch.evidence.paths import real_path
from pytest_tinytorch.lsp.busy import Busy
from pytest_tinytorch.lsp.client import STATUS, Client
from pytest_tinytorch.lsp.desk import Desk, Start
from pytest_tinytorch.lsp.diagnostics import Page

NAME = "tinytorch"


class OwnProtocol(LanguageServerProtocol):
    """The protocol as the library has it, but for three things.

    Desks keep documents, and count lines as the protocol says. What comes before the beginning or after
    the end is refused. A request that cannot be read is answered, too.
    """

    def handle_message(self, message: Any) -> None:
        """Take a message if its time has come."""
        method, number = getattr(message, "method", ""), getattr(message, "id", None)
        server = cast("Server", self._server)
        refusal = server.refusal(method) if method else None
        if refusal is None:
            super().handle_message(message)
        elif number is not None:
            self._send_response(number, error=refusal)

    def structure_message(self, data: dict[str, Any]) -> Any:
        """A message out of plain values."""
        try:
            return super().structure_message(data)
        except JsonRpcException as error:
            if "id" in data and "method" in data:
                self._send_response(data["id"], error=error.to_response_error())
            raise

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(
        self, params: types.DidChangeTextDocumentParams
    ) -> Generator[Any, Any, None]:
        """Hand it on."""
        yield self.fm.features[types.TEXT_DOCUMENT_DID_CHANGE], (params,), None


class Server(LanguageServer):
    """A connection to one editor.

    Args:
        start: starts the processes that specs run in.

    Attributes:
        client: what the editor can do.
        desks: by the root of the workspace.
        ended: whether the editor has said that this is the end.
    """

    def __init__(self, start: Start) -> None:
        super().__init__(
            NAME,
            version("pytest-tinytorch"),
            protocol_cls=OwnProtocol,
            converter_factory=default_converter,
        )
        self.start = start
        self.client = Client()
        self.desks: dict[Path, Desk] = {}
        self.refused: set[Path] = set()
        self.ended = False
        self.work = Busy(self.work_done_progress)
        self.events: asyncio.AbstractEventLoop | None = None

    @property
    def codec(self) -> PositionCodec:
        """Counts columns as the editor does."""
        return self.workspace.position_codec

    def refusal(self, method: str) -> types.ResponseError | None:
        """Why an editor must not send this now; None if it may."""
        if method == types.EXIT:
            return None
        if self.ended:
            return types.ResponseError(types.ErrorCodes.InvalidRequest, "the server is shut down")
        if self.events is None and method != types.INITIALIZE:
            return types.ResponseError(
                types.ErrorCodes.ServerNotInitialized, "initialize comes first"
            )
        return None

    def publish(self, page: Page, found: list[types.Diagnostic]) -> None:
        """Show the diagnostics of a file."""
        told = types.PublishDiagnosticsParams(page.uri, found, page.version)
        self.text_document_publish_diagnostics(told)

    def refresh(self) -> None:
        """Let the editor ask anew for code lenses."""
        if self.client.refreshes:
            self.workspace_code_lens_refresh(None)

    def status(self, table: Mapping[str, Any]) -> None:
        """Show where the learner stands, or write it into the log."""
        if self.client.status:
            self.protocol.notify(STATUS, dict(table))
        else:
            self.log(str(table["text"]))

    def say(self, text: str) -> None:
        """Show a message."""
        self.window_show_message(types.ShowMessageParams(types.MessageType.Info, text))

    def log(self, text: str) -> None:
        """Write a message into the log."""
        self.window_log_message(types.LogMessageParams(types.MessageType.Info, text))

    def busy(self, root: Path, title: str, stop: Callable[[], None]) -> None:
        """Show what goes on."""
        if self.client.progress:
            self.work.show(root, title, stop)

    def later(self, seconds: float, call: Callable[[], None]) -> asyncio.TimerHandle:
        """Call something after a while."""
        return asyncio.get_running_loop().call_later(seconds, call)

    def soon(self, call: Callable[[], None]) -> None:
        """Call something from another thread; not any more once the connection has ended."""
        assert self.events is not None
        with suppress(RuntimeError):
            self.events.call_soon_threadsafe(call)

    def desk_of(self, uri: str, opens: bool = False) -> tuple[Desk, Path] | None:
        """The desk of the workspace that a document lies in, and its file; None if there is none.

        Only a document that ``opens`` has a desk made for it.
        """
        path = uris.to_fs_path(uri) if uri.startswith("file:") else None
        if not path:
            return None
        file = real_path(Path(path))
        root = settings.root_above(file.parent)
        if root is None or root in self.refused or self.ended:
            return None
        if root not in self.desks:
            if not opens:
                return None
            try:
                self.desks[root] = Desk(root, self, self.start)
            except (OSError, ValueError) as error:
                self.refused.add(root)
                self.say(f"{root}: {error}")
                return None
        return self.desks[root], file

    async def leave(self, folder: Path) -> None:
        """Close the workspaces in a folder that the editor has closed."""
        left = [self.desks.pop(root) for root in [*self.desks] if root.is_relative_to(folder)]
        for desk in left:
            desk.close()
            desk.clear()
            await asyncio.to_thread(desk.end)

    async def leave_all(self) -> None:
        """End all that runs."""
        left = [*self.desks.values()]
        self.desks.clear()
        for desk in left:
            desk.close()
        for desk in left:
            await asyncio.to_thread(desk.end)

    def close(self) -> None:
        """End what still runs: the editor has gone without a word."""
        for desk in self.desks.values():
            desk.close()
            desk.end()
