"""What a process does that forks runs of pytest: it imports what they need, and ends what they leave.

The server of `tito watch` and the one that the kit's own tests run on share this.
"""

from __future__ import annotations

import gc
import importlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from pytest_tinytorch.evidence.digests import Snapshot, read_if_present


class Importer:
    """A plugin that imports modules instead of running tests.

    pytest has loaded its own plugins by then, and rewrites assertions as in any run.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names

    @pytest.hookimpl(tryfirst=True)
    def pytest_cmdline_main(self) -> int:
        for name in self.names:
            importlib.import_module(name)
        return 0


def warm_up(names: Sequence[str], sources: Iterable[Path], *arguments: str) -> None:
    """Import modules within pytest, and parse sources: every fork then finds that done.

    Args:
        names: of the modules.
        sources: Python files. What a file holds is kept by content: a run that finds another parses it anew.
        arguments: for pytest.
    """
    pytest.main(["-p", "no:cacheprovider", *arguments], plugins=[Importer(names)])
    read = {file: data for file in sources if (data := read_if_present(file)) is not None}
    fingerprint = Snapshot(read).code
    for data in read.values():
        fingerprint(data)
    gc.freeze()
