"""Which submissions there are: from folders, archives and the list of a class."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from pytest_tinytorch.evidence.implementation import PACKAGE

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
COLUMNS = ("submission", "id", "name", "late_days")
"""The columns of the list of a class. Only the first one is needed."""
FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]')
"""What a name of a file must not have on some system."""
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
LONGEST_NAME = 60


class ListError(ValueError):
    """The list of a class is wrong; the message names the line."""


@dataclass(frozen=True)
class Submission:
    """What one student has handed in.

    Attributes:
        id: by which the course knows it; unique.
        name: of the student, if the list tells.
        place: the folder or archive; None if there is none.
        late_days: how late it came.
        refused: why it is not graded; empty if it is.
    """

    id: str
    name: str = ""
    place: Path | None = None
    late_days: int = 0
    refused: str = ""

    @property
    def folder(self) -> str:
        """The name of the folder for its results, on any system."""
        return folder_name(self.id)


@dataclass(frozen=True)
class Entry:
    """One line of the list of a class."""

    id: str
    name: str = ""
    late_days: int = 0


def find_submissions(
    places: Iterable[Path], listed: Mapping[str, Entry] | None = None
) -> tuple[Submission, ...]:
    """Every submission, by id. One that the list has and nobody handed in has no place.

    A folder with ``tinytorch/`` in it, or an archive, is a submission. Any other folder is a folder of
    submissions.
    """
    found = [one for place in places for one in _at(place)]
    if listed is None:
        return _unique(found)
    known = [_known(one, listed) for one in found]
    handed_in = {one.id for one in known}
    absent = [
        Submission(entry.id, entry.name, None, entry.late_days)
        for entry in listed.values()
        if entry.id not in handed_in
    ]
    return _unique([*known, *absent])


def _known(one: Submission, listed: Mapping[str, Entry]) -> Submission:
    entry = listed.get(one.id)
    if entry is None:
        return one
    return replace(one, id=entry.id, name=entry.name, late_days=entry.late_days)


def _at(place: Path) -> list[Submission]:
    if not place.is_dir() or (place / PACKAGE).is_dir() or (place / PACKAGE).is_symlink():
        return [_submission(place)]
    return [_submission(inner) for inner in sorted(place.iterdir()) if inner.name[0] not in "._"]


def _submission(place: Path) -> Submission:
    name = unicodedata.normalize(
        "NFC", stem(place.resolve().name if place.is_dir() else place.name)
    )
    refused = ""
    if not place.exists():
        refused = "there is no such folder or archive"
    elif not place.is_dir() and not place.name.lower().endswith(ARCHIVES):
        refused = f"this is no folder and no archive ({', '.join(ARCHIVES)})"
    return Submission(printable(name), place=place, refused=refused)


def stem(name: str) -> str:
    """The name of a folder or an archive without what its kind adds.

    >>> stem("ann.tar.gz"), stem("v1.2 ann"), stem("ann.ZIP")
    ('ann', 'v1.2 ann', 'ann')
    """
    ending = next((x for x in ARCHIVES if name.lower().endswith(x) and len(name) > len(x)), "")
    return name[: len(name) - len(ending)]


def printable(name: str) -> str:
    """A name without what no file can hold or no line shows."""
    text = name.encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def folder_name(name: str) -> str:
    """A name of a folder for an id: the id itself where every system allows it.

    >>> folder_name("ann"), folder_name("Łukasz Żółć")
    ('ann', 'Łukasz Żółć')
    """
    kept = FORBIDDEN.sub("_", name).strip(" .")[:LONGEST_NAME].rstrip(" .")
    if RESERVED.fullmatch(kept):
        kept = f"_{kept}"
    if kept and kept == name:
        return name
    return f"{kept or 'submission'}-{sha256(name.encode('utf-8')).hexdigest()[:8]}"


def _unique(found: Sequence[Submission]) -> tuple[Submission, ...]:
    """The submissions by id. Of several with one id none is graded: which one counts is for a person."""
    counted = Counter(_same(one) for one in found)
    seen: Counter[str] = Counter()
    result = []
    for one in sorted(found, key=lambda one: (_same(one), str(one.place))):
        seen[_same(one)] += 1
        if counted[_same(one)] > 1:
            number = seen[_same(one)]
            why = f"{counted[_same(one)]} submissions are called {one.id}: {one.place}"
            one = replace(one, id=f"{one.id} ({number})", refused=one.refused or why)
        result.append(one)
    return tuple(result)


def _same(one: Submission) -> str:
    """What is the same for two ids that some system takes for one."""
    return unicodedata.normalize("NFC", one.folder).casefold()


def read_list(file: Path) -> dict[str, Entry]:
    """The list of a class: the name of each submission to what is known of it.

    A CSV file in UTF-8 with a line of titles: ``submission``, and optionally ``id``, ``name``, ``late_days``.

    Raises:
        ListError: it is wrong, or cannot be read.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, ValueError, csv.Error) as error:
        raise ListError(f"{file}: {error}") from error
    return entries_of(rows, str(file))


def entries_of(rows: Iterable[Mapping[str, str]], file: str) -> dict[str, Entry]:
    """The lines of a list, see `read_list`."""
    found: dict[str, Entry] = {}
    ids: set[str] = set()
    for number, row in enumerate(rows, start=2):
        given = {key: (row.get(key) or "").strip() for key in COLUMNS}
        key = unicodedata.normalize("NFC", stem(given["submission"]))
        if not key:
            raise ListError(f"{file}:{number}: the column submission is empty or missing")
        days = given["late_days"] or "0"
        if not (days.isascii() and days.isdecimal()):
            raise ListError(f"{file}:{number}: late_days must be an integer, got {days!r}")
        one = Entry(printable(given["id"] or key), printable(given["name"]), int(days))
        if key in found or one.id in ids:
            raise ListError(f"{file}:{number}: {key if key in found else one.id} is there twice")
        found[key] = one
        ids.add(one.id)
    return found
