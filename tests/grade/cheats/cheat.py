"""A way to cheat: a submission whose 03 is wrong, what it tries to be paid for it, and what comes of that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from textwrap import indent

from tests.grade.classes import SOLVED, hand_in

HONEST, ALL = 3, 5
"""The points of what is right in a submission, 01, 02 and 1901, and of everything."""


class Comes(StrEnum):
    """What a way to cheat comes to."""

    NO_MORE = "worth no more"
    CAUGHT = "caught"
    VOIDED = "voided"
    FLAGGED = "flagged"
    NOT_WITHSTOOD = "not withstood"


MEANING = {
    Comes.NO_MORE: "The honest part has its points, and nothing else has.",
    Comes.CAUGHT: "The submission has no points, and its row says why.",
    Comes.VOIDED: "A canary has the wrong color, so the run has no points, and its row says so.",
    Comes.FLAGGED: "It has more points than it deserves, and its row names what a person should look at.",
    Comes.NOT_WITHSTOOD: "It has more points than it deserves, and nothing says so.",
}
"""Each to what it means, for the page."""
FLAG = "Canaries do not notice, but its source shows what it reaches."
CANARY = "It makes a canary pass that must fail, too."
GUARD = "The package cannot import what judges it."
VOID = "the run is void"
"""What the flags of a run say in which a canary has the wrong color."""


@dataclass(frozen=True)
class Cheat:
    """One row.

    Attributes:
        name: what the submission does, as the rest of a sentence that begins with "A submission".
        comes: what it comes to.
        because: the defense that it meets, or why there is none; a sentence.
        code: what 03 does when it is imported.
        body: the body of `square`.
        files: other files of the submission, from its root; one of 03 takes the place of all that.
        links: symbolic links of the submission to where they lead.
        packed: hands it in as something else than a folder.
        flag: what the flags of its row mention.
        chance: whether points, up to the honest ones, and ending are chance: it hits whoever comes first.
        waits: whether its run lasts as long as a run may.
    """

    name: str
    comes: Comes
    because: str
    code: str = ""
    body: str = "return 1"
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    packed: Callable[[Path, Mapping[str, bytes]], object] | None = None
    flag: str = ""
    chance: bool = False
    waits: bool = False

    @property
    def source(self) -> str:
        """`tinytorch/squaring.py`."""
        return f'"""03 · Squaring."""\n\n{self.code}\n\n\ndef square(x):\n{indent(self.body, "    ")}\n'

    def hand_in(self, place: Path, known: Mapping[str, str]) -> None:
        """Put the submission at ``place``. It knows ``known``: a word in it to what that means."""
        own = {f"tinytorch/{name}.py": text for name, text in SOLVED.items()}
        found = {**own, "tinytorch/squaring.py": self.source, **self.files}
        contents = {path: _told(text, known) for path, text in found.items()}
        if self.packed is not None:
            self.packed(place, contents)
            return
        hand_in(place, {})
        for path, data in contents.items():
            file = place / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        for path, target in self.links.items():
            link = place / path
            link.unlink(missing_ok=True)
            link.symlink_to(_told(target, known).decode())


def _told(text: str | bytes, known: Mapping[str, str]) -> bytes:
    """A text with what the cheat knows in its places."""
    data = text if isinstance(text, bytes) else text.encode("utf-8")
    for word, meaning in known.items():
        data = data.replace(word.encode("utf-8"), meaning.encode("utf-8"))
    return data
