"""What the verdict on a unit depends on first: the source of the package under test."""

from __future__ import annotations

from pathlib import Path

from pytest_tinytorch.course.curriculum import Curriculum, Unit
from pytest_tinytorch.evidence import digests
from pytest_tinytorch.evidence.digests import Fingerprint, Snapshot
from pytest_tinytorch.evidence.implementation import GIVEN, PACKAGE, Implementation
from pytest_tinytorch.evidence.paths import inside


class Source:
    """The source of the package under test at one moment, as each unit depends on it.

    Files of the package that belong to no checkpoint count for all: any module may use them.

    Args:
        implementation: says where modules come from.
        curriculum: says what a unit depends on.
        now: with the source pinned.
    """

    def __init__(
        self, implementation: Implementation, curriculum: Curriculum, now: Snapshot
    ) -> None:
        self.implementation = implementation
        self.curriculum = curriculum
        self.now = now
        package = implementation.folder / PACKAGE
        modules = {unit.name for unit in curriculum.checkpoints if unit.source}
        self._places = {name: implementation.file_among(now.pinned, name) for name in modules}
        held = {file: name for file in now.pinned if (name := inside(file, package))}
        own = {f"{module}.py" for module in modules}
        self._shared = [file for file, name in held.items() if name not in own]
        files = {*self._shared, *self._places.values()}
        self._names = {file: self._name(file) for file in files}
        # What a person writes counts by what it does, what is given by its text.
        given = {f"{module}.py" for module in GIVEN}
        written = {file for file, name in held.items() if name not in given}
        self._written = written if self._origin() == "student" else set()
        self._beside = self._others(implementation.folder)
        self._borrowed = self._others(implementation.reference) if implementation.borrowed else []

    def digest(self, unit: Unit) -> str:
        """The digest of all that ``unit`` depends on, by what it does, and of where it comes from."""
        return self._digest(unit, self.now.code)

    def exact(self, unit: Unit) -> str:
        """The same by its bytes, without parsing: where two of these are equal, so are those of `digest`."""
        return self._digest(unit, digests.of_bytes)

    def _digest(self, unit: Unit, code: Fingerprint) -> str:
        closure = self.curriculum.closure([unit.id])
        needs = [need.name for need in self.curriculum.units if need.id in closure and need.source]
        borrowed = [name for name in needs if name in self.implementation.borrowed]
        files = [*self._shared, *(self._places[name] for name in needs)]
        kinds = {True: code, False: digests.of_text}
        entries = [(self._names[f], self.now.of(f, kinds[f in self._written])) for f in files]
        entries += [*self._beside, *(self._borrowed if borrowed else [])]
        entries.append(("code", self.now.code.__name__))  # whether docstrings count
        parts = [self._origin(), *([",".join(borrowed)] if borrowed else [])]
        return ":".join([*parts, digests.digest(entries)])

    def _origin(self) -> str:
        own = self.implementation.folder != self.implementation.reference
        return "student" if own else "reference"

    def _others(self, folder: Path) -> list[tuple[str, str]]:
        """What is in a package and is no Python."""
        files = [file for file in self.now.below(folder / PACKAGE) if file.suffix != ".py"]
        return [(self._name(file), self.now.of(file, digests.of_bytes)) for file in files]

    def _name(self, file: Path) -> str:
        """A file from the folder that holds it, so that the same work elsewhere has the same digest."""
        folder, reference = self.implementation.folder, self.implementation.reference
        return inside(file, folder) or file.relative_to(reference).as_posix()
