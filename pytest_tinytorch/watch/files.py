"""Saves in a workspace, as the system tells of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event

from pytest_tinytorch.evidence.implementation import PACKAGE

STEP, GROUP = 5, 50
"""Milliseconds: how often files are looked at, and how long saves that follow each other count as one."""
QUIET = 5000
"""Milliseconds after which whoever waits for a save sees whether to stop."""


def saves(
    root: Path, source: Path, stop: Event, others: Sequence[str] = (), beat: int | None = None
) -> Iterator[list[Path]]:
    """The files of each save of Python in the package or in the specs, until ``stop`` is set.

    Args:
        root: the workspace.
        source: the folder that holds the package under test.
        stop: ends it.
        others: endings of other files that count, as ``.json``.
        beat: milliseconds after which there is an empty save if there was none: time to look elsewhere.
    """
    from watchfiles import PythonFilter, watch  # takes a while, and is for who watches alone

    for found in watch(
        *folders(root, source),
        watch_filter=PythonFilter(extra_extensions=tuple(others)),
        step=STEP,
        debounce=GROUP,
        stop_event=stop,
        raise_interrupt=False,
        rust_timeout=beat or QUIET,
        yield_on_timeout=beat is not None,
    ):
        yield sorted({Path(path) for _, path in found})


def folders(root: Path, source: Path) -> list[Path]:
    """The folders in which a save matters."""
    places = (source / PACKAGE, root / "specs")
    return [place for place in places if place.is_dir()]
