"""What an editor shows of a workspace: the diagnostics of each file, told only where they are others."""

from __future__ import annotations

from pathlib import Path

from lsprotocol import types

from pytest_tinytorch.course.curriculum import UnitId
from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.lsp import diagnostics
from pytest_tinytorch.lsp.diagnostics import Page, View
from pytest_tinytorch.lsp.editor import Editor
from pytest_tinytorch.lsp.running import Running
from pytest_tinytorch.lsp.shelf import Shelf, differs
from pytest_tinytorch.lsp.slow import of_slow
from pytest_tinytorch.lsp.stopped import of_stopped
from pytest_tinytorch.lsp.verdicts import InSight

Shown = dict[str, tuple[Page, list[types.Diagnostic]]]
"""The address of a file to its page, and what stands in it."""


class Board:
    """The diagnostics that an editor has been told.

    Args:
        shelf: has documents and files.
        editor: shows them.
        running: the run that goes on.

    Attributes:
        published: what it has been told.
        stubs: what was still to do then, as `Shelf.stubs`.
    """

    def __init__(self, shelf: Shelf, editor: Editor, running: Running) -> None:
        self.shelf, self.editor, self.running = shelf, editor, running
        self.published: Shown = {}
        self.stubs: frozenset[tuple[UnitId, str]] = frozenset()

    def show(self, known: InSight, progress: Progress, again: bool = False) -> None:
        """Show what is known, and where the learner stands.

        Args:
            known: what holds of what runs have told.
            progress: of the learner.
            again: tell what stands in open documents even where nothing is other than before.
        """
        before, self.published = self.published, self._diagnostics(known, progress)
        open_ones = {document.uri for document in self.shelf.documents.values()}
        for uri, (page, found) in self.published.items():
            if before.get(uri, (page, []))[1] != found or (again and uri in open_ones):
                self.editor.publish(page, found)
        for uri, (page, found) in before.items():
            if found and uri not in self.published:
                self.editor.publish(page, [])

    def at(self, uri: str, line: int) -> list[types.Diagnostic]:
        """What stands at a line, from 0, of a file."""
        _, found = self.published.get(uri, (None, []))
        return [one for one in found if one.range.start.line == line]

    def clear(self) -> None:
        """Take back what is shown."""
        for page, _ in self.published.values():
            self.editor.publish(page, [])

    def has_new_stub(self) -> bool:
        """Whether an exercise has become a stub since: what was wrong with it is gone without a run."""
        return not self.shelf.stubs() <= self.stubs

    def has_broken_file(self) -> bool:
        """Whether a file that is open does not parse: that needs no run to be known."""
        return bool(self.broken_modules())

    def broken_modules(self) -> set[str]:
        """The modules that are open and do not parse."""
        files = filter(self.shelf.is_source, self.shelf.documents)
        return {file.stem for file in files if diagnostics.syntax_error(self.shelf.page(file))}

    def _diagnostics(self, known: InSight, progress: Progress) -> Shown:
        """What stands in every file that has something to show, or that is open."""
        shelf = self.shelf
        found: dict[Path, list[types.Diagnostic]] = {file: [] for file in shelf.documents}
        sources = [*filter(shelf.is_source, shelf.documents)]
        sheets = {
            file: sheet for file in sources if (sheet := shelf.sheet(file, known)) is not None
        }
        self.stubs = shelf.stubs()
        nodeids = [nodeid for finding in known.findings for nodeid in finding.nodeids]
        laws, related = shelf.laws_named(nodeids), self.editor.client.related
        view = View(shelf.root, shelf.page, self.editor.codec, laws, related)
        for finding in known.findings:
            file, diagnostic = diagnostics.of_finding(view, finding)
            found.setdefault(file, []).append(diagnostic)
        slow, stop = self.running.slow, self.running.stop_title
        if slow is not None and (told := of_slow(view, slow, shelf.now(), stop)) is not None:
            found.setdefault(told[0], []).append(told[1])
        stopped = self.running.stopped
        for file, diagnostic in of_stopped(view, stopped, shelf.now()) if stopped else ():
            found.setdefault(file, []).append(diagnostic)
        for file in sources:
            page = shelf.page(file)
            if not found[file]:
                unsaved = differs(file, shelf.documents[file].text)
                found[file] += diagnostics.of_broken_file(view, file, page, unsaved)
            if file in sheets:
                found[file] += diagnostics.of_sheet(view, sheets[file], page, progress)
        return {(page := shelf.page(file)).uri: (page, found[file]) for file in found}
