"""What the editor at the other end can do. What it cannot do is left out, and nothing else is."""

from __future__ import annotations

import re
from typing import Any

from lsprotocol import types
from msgspec import Struct
from pygls.capabilities import get_capability

STATUS = "tinytorch/status"
"""The notification with checkpoint and milestone, for editors that ask for it."""


BESIDE, ABOVE_SINCE = "Neovim", (0, 12)
"""The editor that draws code lenses behind their line, and the version since which it does not."""


class Client(Struct, frozen=True):
    """An editor.

    Attributes:
        related: shows other places that a diagnostic is about.
        markdown: draws Markdown in a hover, and likes that best.
        literals: takes code actions; otherwise it takes commands.
        versioned: takes edits that say which version of a document they are for.
        shows_documents: opens a file on request.
        progress: shows that something goes on.
        refreshes: asks anew for code lenses when it is told to.
        status: takes `STATUS`; others are told in the log.
        debugs: runs a law under a debugger of its own in the place of the command `LAW`.
        lens_beside: draws a code lens behind the text of its line, and not above it.
    """

    related: bool = False
    markdown: bool = False
    literals: bool = False
    versioned: bool = False
    shows_documents: bool = False
    progress: bool = False
    refreshes: bool = False
    status: bool = False
    debugs: bool = False
    lens_beside: bool = False


def client_of(params: types.InitializeParams) -> Client:
    """What an editor says of itself."""

    def can(path: str) -> bool:
        return bool(get_capability(params.capabilities, path, False))

    formats: Any = get_capability(params.capabilities, "text_document.hover.content_format", ())
    experimental: Any = params.capabilities.experimental
    own = experimental if isinstance(experimental, dict) else {}
    return Client(
        related=can("text_document.publish_diagnostics.related_information"),
        markdown=[*formats][:1] == [types.MarkupKind.Markdown],
        literals=can("text_document.code_action.code_action_literal_support"),
        versioned=can("workspace.workspace_edit.document_changes"),
        shows_documents=can("window.show_document.support"),
        progress=can("window.work_done_progress"),
        refreshes=can("workspace.code_lens.refresh_support"),
        status=bool(own.get("tinytorchStatus")),
        debugs=bool(own.get("tinytorchDebug")),
        lens_beside=draws_beside(params.client_info),
    )


def draws_beside(info: types.ClientInfo | None) -> bool:
    """Whether an editor is one that draws a code lens behind a line. No capability says so.

    >>> draws_beside(types.ClientInfo("Neovim", "0.11.4")), draws_beside(types.ClientInfo("Neovim", "0.12.0"))
    (True, False)
    """
    if info is None or info.name != BESIDE:
        return False
    found = re.match(r"(\d+)\.(\d+)", info.version or "")
    return found is not None and (int(found[1]), int(found[2])) < ABOVE_SINCE
