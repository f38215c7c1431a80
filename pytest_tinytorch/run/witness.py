"""What specs ran with that no digest tells: helper modules of the workspace, and too few examples."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterable
from pathlib import Path
from sysconfig import get_path
from typing import Any

import pytest

from pytest_tinytorch.evidence.digests import of_bytes, read_if_present
from pytest_tinytorch.evidence.implementation import PACKAGE
from pytest_tinytorch.evidence.standing import CONFTEST
from pytest_tinytorch.run import profiles
from pytest_tinytorch.run.reports import attach_testimony, attached_testimony, unit_of

LEAST_EXAMPLES = profiles.EXAMPLES["learn"]
KIT = Path(__file__).parents[1]
ELSEWHERE = frozenset({PACKAGE, "specs", "milestones", "reference", "tests"})
"""Folders at the root with modules that are no helpers: what counts in them has digests of its own."""


class Witness:
    """Registered wherever specs run: says on their reports what is new since the last one."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.seen: frozenset[str] = frozenset()

    def forget(self) -> None:
        """Say everything again: nobody has heard the last reports."""
        self.seen = frozenset()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if unit_of(item) is None or call.when != "teardown":  # every spec comes to that, once
            return report
        helpers = {} if sys.modules.keys() <= self.seen else self.new_helpers()
        examples = examples_of(item)
        if helpers or examples < LEAST_EXAMPLES:
            attach_testimony(report, {"helpers": helpers, "examples": examples})
        return report

    def new_helpers(self) -> dict[str, tuple[str, int]]:
        """The helpers that were imported since somebody asked, see `helper_digests`."""
        new = sys.modules.keys() - self.seen
        self.seen |= new
        return helper_digests(self.root, new)


class Testimony:
    """What the Judge has heard of all witnesses."""

    def __init__(self) -> None:
        self.found: dict[
            str, set[tuple[str, int]]
        ] = {}  # path of a helper to its digests and times
        self.examples = LEAST_EXAMPLES

    def hear(self, report: Any) -> None:
        """Take what a report says, if anything."""
        told = attached_testimony(report)
        if told is not None:
            self.examples = min(self.examples, told["examples"])
            for path, (digest, time) in told["helpers"].items():
                self.found.setdefault(path, set()).add((digest, time))

    @property
    def remark(self) -> str:
        """Why this run grants nothing; empty if examples were drawn enough."""
        if self.examples >= LEAST_EXAMPLES:
            return ""
        noun = "example" if self.examples == 1 else "examples"
        return (
            f"grants nothing: {self.examples} {noun} per spec, at least {LEAST_EXAMPLES} are needed"
        )

    def helpers(self) -> dict[str, str]:
        """The helpers of this run: path from the root to digest."""
        return {path: min(found)[0] for path, found in sorted(self.found.items())}

    def unsettled(self, root: Path, begun: int) -> list[str]:
        """The helpers that may have been imported as they are no more, in a run ``begun`` at that time."""
        return [
            path
            for path, found in sorted(self.found.items())
            if found != {digest_and_time(root / path)} or any(time >= begun for _, time in found)
        ]


def helper_digests(root: Path, names: Iterable[str]) -> dict[str, tuple[str, int]]:
    """The helpers among some modules: path from the root to the digest of the file, and its time."""
    places = [Path(place) for place in {str(root), os.path.realpath(root)}]
    beginnings = tuple(f"{place}{os.sep}" for place in places)
    files = {getattr(sys.modules.get(name), "__dict__", {}).get("__file__") for name in names}
    inside = [Path(f) for f in files if isinstance(f, str) and f.startswith(beginnings)]
    paths = {f.relative_to(p).parts: f for f in inside for p in places if f.is_relative_to(p)}
    installed = [KIT, *(Path(get_path(name)) for name in ("stdlib", "purelib", "platlib"))]
    return {
        "/".join(parts): digest_and_time(file)
        for parts, file in paths.items()
        if not (parts[0] in ELSEWHERE or parts == (CONFTEST,))
        # An environment may lie in the workspace: what is installed there is no helper.
        and not any(file.is_relative_to(place) for place in installed)
    }


def digest_and_time(file: Path) -> tuple[str, int]:
    """The digest of a file's bytes, and when it was written."""
    data = read_if_present(file)
    if data is None:
        return "", 0
    return of_bytes(data), file.stat().st_mtime_ns


def examples_of(item: pytest.Item) -> int:
    """How many examples a spec draws: as the profile has it, or fewer if it has settings of its own."""
    from hypothesis import settings

    own = (getattr(item, "obj", None), "_hypothesis_internal_use_settings")
    machine = (getattr(item, "cls", None), "settings")
    found = [
        settings.default or settings(),
        *(getattr(owner, name, None) for owner, name in (own, machine)),
    ]
    return min(examples_drawn(one) for one in found if isinstance(one, settings))


def examples_drawn(chosen: Any) -> int:
    """How many examples settings of Hypothesis ask for; none if none are to be generated."""
    from hypothesis import Phase

    return int(chosen.max_examples) if Phase.generate in chosen.phases else 0
