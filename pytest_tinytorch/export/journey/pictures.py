"""Pictures that the milestone scripts saved: found on disk, passed around as values."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

from msgspec import Struct

from pytest_tinytorch.course.curriculum import Unit

FOLDER = Path(".tinytorch") / "plots"
"""Where they are, from the root of a workspace. A name begins with the number of its milestone."""
LIMIT = 300_000
"""Bytes of the largest picture that a page takes in."""
SIGNATURE = b"\x89PNG\r\n\x1a\n"
SOURCE = b"tEXtSource\0"
"""How the part of a file begins that says which code has drawn it; four bytes before it are its length."""


class Picture(Struct, frozen=True):
    """A PNG.

    Attributes:
        name: of its file, without the ending: ``04_filters``.
        data: the file; empty if it is too large for a page.
        bytes: the size of the file.
    """

    name: str
    data: bytes
    bytes: int

    @property
    def of(self) -> str:
        """The number of its milestone, if it has one."""
        return self.name.partition("_")[0]

    @property
    def caption(self) -> str:
        """What it shows."""
        return self.name.partition("_")[2].replace("_", " ")

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, as the header says."""
        return int.from_bytes(self.data[16:20], "big"), int.from_bytes(self.data[20:24], "big")

    @property
    def source(self) -> str:
        """The digest of the code that drew it; empty if the file does not say."""
        at = self.data.find(SOURCE)
        length = int.from_bytes(self.data[at - 4 : at], "big") - len(b"Source\0")
        text = self.data[at + len(SOURCE) :][: max(0, length)] if at >= 4 else b""
        return text.decode("latin-1")

    @property
    def address(self) -> str:
        """All of it, as a URL."""
        return f"data:image/png;base64,{b64encode(self.data).decode('ascii')}"

    def belongs_to(self, unit: Unit) -> bool:
        """Whether it belongs to this milestone."""
        return unit.is_milestone and unit.number == self.of


def read_pictures(root: Path) -> tuple[Picture, ...]:
    """The pictures in a workspace, by name. Files that cannot be read or are not PNG are skipped."""
    found = []
    for file in sorted((root / FOLDER).glob("[0-9][0-9]_*.png")):
        try:
            length = file.stat().st_size
            data = file.read_bytes() if length <= LIMIT else b""
        except OSError:
            continue
        if length > LIMIT or (data.startswith(SIGNATURE) and len(data) > 24):
            found.append(Picture(file.stem, data, length))
    return tuple(found)
