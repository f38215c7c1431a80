"""The kit's own curriculum, read, checked and kept as JSON, which becomes values much faster than TOML.

`curriculum.toml` stays the table that people write. The JSON names the digest of its text, and counts for
no other: where somebody forgets to write it anew, all is slower, and nothing is stale.
`course.parsed` writes it.
"""

# Annotations are values here, no strings: msgspec would compile each string anew at every start.
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from msgspec import MsgspecError, Raw, Struct
from msgspec.json import decode

TABLE = Path(__file__).with_name("curriculum.toml")
KEPT = Path(__file__).with_name("curriculum.json")

Kind = TypeVar("Kind")


class Kept(Struct, frozen=True):
    """What the file holds.

    Attributes:
        of: the digest of the text that it was read from.
        curriculum: what was read, as JSON.
    """

    of: str
    curriculum: Raw


def kept_in(file: Path, text: str, kind: type[Kind]) -> Kind | None:
    """What ``file`` keeps of this text; None if it is of another, or cannot be read."""
    try:
        found = decode(file.read_bytes(), type=Kept)
        return decode(found.curriculum, type=kind) if found.of == digest(text) else None
    except (OSError, MsgspecError):
        return None


def digest(text: str) -> str:
    return sha256(text.encode("utf-8")).hexdigest()
