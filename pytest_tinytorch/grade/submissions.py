"""Which submissions there are: from folders, archives, repositories, downloads and the list of a class."""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from pytest_tinytorch.evidence.implementation import PACKAGE
from pytest_tinytorch.grade.archives import ARCHIVES, Place
from pytest_tinytorch.grade.downloads import open_download
from pytest_tinytorch.grade.repositories import HEAD, Repository, git_folder, is_bare, place_of
from pytest_tinytorch.grade.taking import Refused

FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]')
"""What a name of a file must not have on some system."""
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
LONGEST_NAME = 60


class NoPlace(ValueError):
    """What a person has named is not there; the message says what."""


@dataclass(frozen=True)
class Submission:
    """What one student has handed in.

    Attributes:
        id: by which the course knows it; unique.
        name: of the student, if the list or a download tells.
        place: where it is; None if there is none.
        late_days: how late it came.
        refused: why it is not graded; empty if it is.
        also: other names by which a list or a person may call it.
        origin: what it came out of, if that was recognized.
        more: what the list says besides, see `Entry`.
    """

    id: str
    name: str = ""
    place: Place | None = None
    late_days: int = 0
    refused: str = ""
    also: tuple[str, ...] = ()
    origin: str = ""
    more: tuple[tuple[str, str], ...] = ()

    @property
    def folder(self) -> str:
        """The name of the folder for its results, on any system."""
        return folder_name(self.id)


@dataclass(frozen=True)
class Entry:
    """One line of the list of a class.

    Attributes:
        id, name, late_days: as the list has them.
        more: (title, cell) of the columns that mean nothing to the grader.
    """

    id: str
    name: str = ""
    late_days: int = 0
    more: tuple[tuple[str, str], ...] = ()


def find_submissions(
    places: Sequence[str | Path], listed: Mapping[str, Entry] | None = None
) -> tuple[Submission, ...]:
    """Every submission, by id. One that the list has and nobody handed in has no place.

    A folder with ``tinytorch/`` in it, an archive, or a repository is a submission. Any other folder is a
    folder of submissions. A download is recognized if nothing else is named: beside others, somebody's
    submission could pretend to be one.

    Raises:
        DownloadError: a download cannot be read.
        NoPlace: one that is named is not there.
    """
    found = [one for place in places for one in _named(os.fspath(place), len(places) == 1)]
    if listed is None:
        return _unique(found)
    folded = {_folded(name): entry for name, entry in listed.items()}
    known = [_known(one, listed, folded) for one in found]
    handed_in = {one.id for one in known}
    absent = [
        Submission(entry.id, entry.name, None, entry.late_days, more=entry.more)
        for entry in listed.values()
        if entry.id not in handed_in
    ]
    return _unique([*known, *absent])


def named_places(places: Iterable[str | Path]) -> Iterator[Path]:
    """The folders, archives and repositories that a person has named, as far as they are on this machine."""
    for place in places:
        with suppress(Refused):
            yield place_of(os.fspath(place))[0]


def origins(found: Iterable[Submission]) -> list[str]:
    """What was recognized, with how many submissions came out of it, one line each."""
    counted = Counter(one.origin for one in found if one.origin)
    return [f"{origin}: {n} submission{'s' * (n != 1)}" for origin, n in counted.items()]


def _known(one: Submission, listed: Mapping[str, Entry], folded: Mapping[str, Entry]) -> Submission:
    """A submission as the list has it: by its id or another of its names, in letters of any case."""
    names = (one.id, *one.also)
    entry = next((listed[name] for name in names if name in listed), None)
    entry = entry or next((folded[_folded(n)] for n in names if _folded(n) in folded), None)
    if entry is None:
        return one
    also = one.also if entry.id == one.id else (one.id, *one.also)
    name = entry.name or one.name
    known = replace(one, id=entry.id, name=name, also=also)
    return replace(known, late_days=entry.late_days, more=entry.more)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _named(text: str, alone: bool) -> list[Submission]:
    """The submissions at a place that a person has named."""
    try:
        place, ref = place_of(text)
    except Refused as error:
        name = re.split(r"[/:\\]", text.rstrip("/"))[-1].removesuffix(".git")
        return [Submission(printable(name), place=Path(text), refused=str(error))]
    if not place.exists():
        raise NoPlace(f"there is no {text}: name folders or archives of submissions")
    download = open_download(place) if alone and ref is None else None
    if download is None:
        return _at(place, ref)
    return [
        Submission(printable(m.id), printable(m.name), m.place, also=m.also, origin=download.origin)
        for m in download.members
    ]


def _at(place: Path, ref: str | None) -> list[Submission]:
    is_one = not place.is_dir() or (place / PACKAGE).is_dir() or (place / PACKAGE).is_symlink()
    if is_one or is_bare(place) or (ref is not None and git_folder(place)):
        return [_submission(place, ref)]
    shown = [inner for inner in sorted(place.iterdir()) if inner.name[0] not in "._"]
    return [_submission(inner, ref) for inner in shown]


def _submission(place: Path, ref: str | None) -> Submission:
    name = place.resolve().name if place.is_dir() else place.name
    if ref is not None or is_bare(place):
        own = printable(unicodedata.normalize("NFC", name.removesuffix(".git")))
        return Submission(own, place=Repository(place, ref or HEAD), origin="git repositories")
    refused = ""
    if not place.exists():
        refused = "there is no such folder or archive"
    elif not place.is_dir() and not place.name.lower().endswith(ARCHIVES):
        refused = f"this is no folder and no archive ({', '.join(ARCHIVES)})"
    own = printable(unicodedata.normalize("NFC", stem(name)))
    return Submission(own, place=place, refused=refused, also=_suffixes(own, place))


def _suffixes(name: str, place: Path) -> tuple[str, ...]:
    """Of a clone, what comes after each hyphen of its name: Classroom puts the assignment before the user."""
    if not (place / ".git").is_dir():
        return ()
    return tuple(name[found.end() :] for found in re.finditer("-", name))


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
