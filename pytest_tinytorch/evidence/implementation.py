"""Which source `import tinytorch` finds: the learner's, the reference's, or a mixture by module."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.util import decode_source
from pathlib import Path

from msgspec import Struct, field

from pytest_tinytorch.evidence import digests
from pytest_tinytorch.evidence.paths import SHIPPED, inside, real_path

PACKAGE = "tinytorch"
AS_IN_PYTORCH = (
    "arranging batchnorm conveniences creation criteria cuda customfunctions dataparallel dtypes functional"
    " functions initialization inplace instead linalg meeting moduleconveniences modules multihead nn"
    " operations optim optimizerstates products replicas sampling saving sharednorm signatures statedicts"
    " utils weightfiles"
)
"""Given modules that make the framework what PyTorch's users expect; no module of the course needs them."""

GIVEN = frozenset(
    [
        "__init__",
        "memory",
        "primitive",
        "precision",
        "refusals",
        "versions",
        "special",
        "datasets",
        "decoding",
        "downloads",
        "formats",
        *AS_IN_PYTORCH.split(),
    ]
)
"""Modules of the package that nobody has to write, and that are never to blame."""


def kit_home() -> Path:
    """The folder with the files of the kit."""
    shipped = Path(__file__).parents[1] / SHIPPED
    return shipped if shipped.is_dir() else Path(__file__).parents[2]


def reference_folder(root: Path) -> Path:
    """The folder with the worked solution for the workspace in ``root``: its own, or else the kit's."""
    own = root / "reference"
    return own if own.is_dir() else kit_home() / "reference"


class Implementation(Struct, frozen=True):
    """Where each module of `tinytorch` comes from.

    Attributes:
        folder: holds the package ``tinytorch/`` under test.
        reference: holds the worked solution.
        borrowed: names of the modules taken from the reference.
        unsaved: what stands in an editor in the place of files of the package, by their paths from it. It is
            judged as if it had been saved, and nothing of that is evidence.
    """

    folder: Path
    reference: Path
    borrowed: frozenset[str] = field(default_factory=frozenset)
    unsaved: Mapping[str, bytes] = field(default_factory=dict)

    def file(self, module: str) -> Path:
        """The file of ``tinytorch.<module>``; of the package itself for ``__init__``."""
        package, alone = self.places(module)
        return package if package.is_file() else alone

    def places(self, module: str) -> tuple[Path, Path]:
        """The files that ``tinytorch.<module>`` may be: that of a package comes before the other."""
        name = module.partition(".")[0]
        return _places(self.reference if name in self.borrowed else self.folder, module)

    def sources(self, known: Mapping[Path, bytes] | None = None) -> dict[Path, bytes]:
        """Every file of Python in the package under test, and what is in it now.

        ``known`` is what this gave of the same folder with other modules borrowed: it is not read again.
        """
        package = self.folder / PACKAGE
        if known is None:
            own = [file for file in digests.files_below(package) if file.suffix == ".py"]
        else:
            own = [file for file in known if inside(file, package)]
        files = [*own, *sorted({*map(self.file, self.borrowed)}.difference(own))]
        held = known or {}
        found = {f: held[f] if f in held else digests.read_if_present(f) for f in files}
        saved = {file: data for file, data in found.items() if data is not None}
        return saved | {package / name: data for name, data in self.unsaved.items()}

    def text(self, file: Path) -> str:
        """What is in a file: of the package as it is judged.

        Raises:
            OSError, SyntaxError, ValueError: it cannot be read, or is no text.
        """
        for name, data in self.unsaved.items():
            if real_path(self.folder / PACKAGE / name) == real_path(file):
                return decode_source(data)
        if not file.is_file():  # nothing, or a pipe, which may have no end
            raise FileNotFoundError(file)
        return file.read_text(encoding="utf-8")

    def file_among(self, sources: Mapping[Path, bytes], module: str) -> Path:
        """The file of a module among ``sources``; where it should be if it is not there."""
        package, alone = self.places(module)
        return package if package in sources else alone


@lru_cache(maxsize=256)
def _places(folder: Path, module: str) -> tuple[Path, Path]:
    """The same in one folder. Remembered: a command asks it three times of each module."""
    place = "/".join([folder.as_posix(), PACKAGE, *module.split(".")])
    return Path(f"{place}/__init__.py"), Path(f"{place}.py")
