"""What the verdict on a unit depends on besides the source: specs, laws, conftests, thresholds, data sets."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from pytest_tinytorch.course.curriculum import Unit
from pytest_tinytorch.course.options import WORKSPACE_FILE
from pytest_tinytorch.evidence import digests
from pytest_tinytorch.evidence.digests import Snapshot
from pytest_tinytorch.evidence.jsontext import written
from pytest_tinytorch.evidence.paths import inside

CONFTEST = "conftest.py"
DATA = "datasets"


class Standing:
    """The files of a workspace that its specs are made of, and what they use, at one moment.

    Args:
        root: the workspace.
        now: reads the files.
    """

    def __init__(self, root: Path, now: Snapshot) -> None:
        self.root = root
        self.now = now
        self._specs = now.below(root / "specs")
        self._milestones = now.below(root / "milestones")
        # A conftest below may change what becomes of any spec, so each counts for all.
        conftests = [file for file in self._milestones if file.name == CONFTEST]
        laws = [f for f in self._specs if f.name[:5] != "test_" and f != root / WORKSPACE_FILE]
        self._shared = digests.digest(self._texts([root / CONFTEST, *conftests, *laws]))

    def digest(self, unit: Unit, specs: Sequence[str]) -> str:
        """The digest of all that judges a unit.

        Args:
            unit: the one.
            specs: node ids of all specs that it has, as the manifest lists them.
        """
        own = [self.root / unit.spec_path]
        if unit.is_milestone:
            # A milestone may build on the experiments of others, but not on their tests.
            own = [file for file in self._milestones if self._is_of(file, own[0])]
        told = written([sorted(specs), sorted(unit.thresholds.items())])
        entries = [("shared", self._shared), ("told", told), *self._texts(own)]
        if unit.is_milestone or self._speaks_of_data(own[0]):
            entries += self._data
        return digests.digest(entries)

    def _is_of(self, file: Path, folder: Path) -> bool:
        """Whether a file is code that the milestone in ``folder`` may use; its story is none."""
        return file.suffix != ".md" and (file.parent == folder or file.name[:5] != "test_")

    def _texts(self, files: Sequence[Path]) -> list[tuple[str, str]]:
        return [
            (inside(file, self.root) or file.as_posix(), self.now.of(file, digests.of_text))
            for file in files
        ]

    def _speaks_of_data(self, file: Path) -> bool:
        """Whether a spec file uses data sets, as far as its text tells."""
        return self.now.of(file, _speaks_of_data) == DATA

    @cached_property
    def _data(self) -> list[tuple[str, str]]:
        """Every data set, from where the package finds it: a folder of the person's own comes first."""
        folder = self.root / DATA
        names = sorted({file.relative_to(folder).parts[0] for file in self.now.below(folder)})
        own = os.environ.get("TINYTORCH_DATA")
        entries = []
        for name in names:
            elsewhere = Path(own or folder, name)
            place = elsewhere if elsewhere.is_dir() else folder / name
            entries += [
                (
                    f"{DATA}/{name}/{file.relative_to(place).as_posix()}",
                    self.now.of(file, digests.of_bytes),
                )
                for file in self.now.below(place)
                if file.suffix != ".md"
            ]
        return entries


def _speaks_of_data(data: bytes) -> str:
    return DATA if DATA.encode() in data else ""
