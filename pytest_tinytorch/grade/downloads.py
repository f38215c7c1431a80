"""What a class has handed in elsewhere: downloads from Gradescope and Moodle, clones of GitHub Classroom."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from pytest_tinytorch.evidence.implementation import PACKAGE
from pytest_tinytorch.grade.archives import DAMAGED, Place, items_of_zip, read_file
from pytest_tinytorch.grade.course import MEGABYTE
from pytest_tinytorch.grade.repositories import git_folder
from pytest_tinytorch.grade.taking import FILE, FOLDER, Item, Part, is_hidden

METADATA = "submission_metadata.yml"
LARGEST_METADATA = 64 * MEGABYTE
SUBMITTERS, NAMES = ":submitters", (":sid", ":email", ":name")
"""What Gradescope's list calls those who handed in, and what it knows of each, the id first."""
MOODLE = re.compile(
    r"(?P<who>.+?)_(?P<number>\d+)_assignsubmission_(?P<kind>[a-z]+)_?(?P<file>.*)", re.DOTALL
)
"""A name in Moodle's download: of a student's folder, or with ``file`` of one of the student's files."""
EXPORTED = re.compile(r"assignment_\d+_export")
"""The folder that Gradescope's export has in its zip."""
CLONES = "-submissions"
"""How the folder ends that `gh classroom clone student-repos` makes; it begins with the assignment's name."""


class DownloadError(ValueError):
    """A download cannot be read; the message says why."""


@dataclass(frozen=True)
class Member:
    """What one student has in a download.

    Attributes:
        id: by which the service knows the student; unique.
        name: of the student.
        place: the submission.
        also: other names for it, by which a list may call it.
    """

    id: str
    name: str
    place: Place
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Download:
    """The submissions of a class as a service gives them, and which service that is."""

    origin: str
    members: tuple[Member, ...]


@dataclass(frozen=True)
class Listing:
    """What lies at the top of a download.

    Attributes:
        label: of the whole, for people.
        name: of its folder.
        entries: name to content: a folder on the disk, or what a zip has there, or a single file.
    """

    label: str
    name: str
    entries: Mapping[str, Path | Part]


def open_download(place: Path) -> Download | None:
    """The submissions in a download; None for anything else.

    Raises:
        DownloadError: it is one, and cannot be read.
    """
    for listing in listings(place):
        if PACKAGE in listing.entries:
            return None
        for origin, members in (
            ("Gradescope's export", gradescope_members(listing)),
            ("Moodle's download", moodle_members(listing)),
            ("Classroom's clones", classroom_members(listing)),
        ):
            if members:
                return Download(origin, tuple(members))
    return None


def listings(place: Path) -> Iterator[Listing]:
    """What lies at the top of a folder or a zip; or in the folder there that Gradescope has made."""
    if place.is_dir():
        whole = Listing(str(place), place.resolve().name, _in_folder(place))
        yield whole
        inner = [whole.entries[name] for name in whole.entries if EXPORTED.fullmatch(name)]
        yield from (Listing(str(p), p.name, _in_folder(p)) for p in inner if isinstance(p, Path))
    elif place.is_file() and place.name.lower().endswith(".zip"):
        try:
            items = tuple(items_of_zip(zipfile.ZipFile(place)))
        except DAMAGED:
            return
        whole = Listing(str(place), place.stem, _in_archive(str(place), items))
        yield whole
        inner = [whole.entries[name] for name in whole.entries if EXPORTED.fullmatch(name)]
        for part in inner:
            if isinstance(part, Part):
                yield Listing(part.label, place.stem, _in_archive(part.label, part.items))


def _in_folder(place: Path) -> dict[str, Path | Part]:
    shown = [one for one in sorted(place.iterdir()) if one.name[0] not in "._"]
    return {one.name: one if one.is_dir() else _single(one) for one in shown}


def _single(file: Path) -> Part:
    size = file.stat().st_size if file.is_file() else 0
    return Part(str(file), (Item(file.name, FILE, size, partial(read_file, file)),))


def _in_archive(label: str, items: tuple[Item, ...]) -> dict[str, Path | Part]:
    """Each folder of an archive with the paths from it, and each file."""
    found: dict[str, list[Item]] = {}
    for item in items:
        name, _, path = item.path.replace("\\", "/").partition("/")
        if item.kind != FOLDER and name and not is_hidden([name]):
            found.setdefault(name, []).append(replace(item, path=path or name))
    return {name: Part(f"{label}: {name}", tuple(own)) for name, own in found.items()}


def gradescope_members(listing: Listing) -> list[Member]:
    """The students in Gradescope's export. Those who handed in together have the same submission each."""
    listed = listing.entries.get(METADATA)
    if not isinstance(listed, Part):
        return []
    told = _metadata(listed)
    others = [name for name in listing.entries if name not in told and name != METADATA]
    members = []
    for name, about in {**told, **dict.fromkeys(others)}.items():
        place = listing.entries.get(name, Part(f"{listing.label}: {name}"))
        people = about.get(SUBMITTERS) if isinstance(about, dict) else None
        for person in people if isinstance(people, list) and people else [{}]:
            known = _known(person)
            own, *also = [*filter(None, known), name]
            where = place if isinstance(place, Path) else replace(place, label=f"{place} ({own})")
            members.append(Member(own, known[-1], where, tuple(also)))
    return members


def _known(person: Any) -> list[str]:
    """What Gradescope's list says of a person: id of the school, address, name."""
    table = person if isinstance(person, dict) else {}
    return [str(table.get(key) or "").strip() for key in NAMES]


def _metadata(listed: Part) -> dict[str, Any]:
    """Gradescope's list. Everything in it stays text: ids of students may begin with zeros."""
    try:
        import yaml
    except ImportError:
        raise DownloadError(
            f"{listed}: to read Gradescope's export, install PyYAML:"
            ' `python -m pip install "pytest-tinytorch[grade]"`'
        ) from None
    try:
        data = listed.items[0].read(LARGEST_METADATA)
        table = yaml.load(data, getattr(yaml, "CBaseLoader", yaml.BaseLoader))
    except (yaml.YAMLError, RecursionError, *DAMAGED) as error:
        raise DownloadError(f"{listed}: {' '.join(str(error).split())}") from error
    if not isinstance(table, dict):
        raise DownloadError(f"{listed}: there is no table of submissions in it")
    return {str(name): told for name, told in table.items()}


def moodle_members(listing: Listing) -> list[Member]:
    """The students in Moodle's download, whether it has a folder for each or only files."""
    students: dict[str, list[re.Match[str]]] = {}
    for name in listing.entries:
        if told := MOODLE.fullmatch(name):
            students.setdefault(told["number"], []).append(told)
    if sum(map(len, students.values())) < len(listing.entries):
        return []
    return [_moodle_member(listing, own) for own in students.values()]


def _moodle_member(listing: Listing, own: list[re.Match[str]]) -> Member:
    """One student. What was typed into Moodle, and not handed in as a file, is left out."""
    who, number = own[0]["who"], own[0]["number"]
    given = [(told["file"], listing.entries[told.string]) for told in own if told["kind"] == "file"]
    folders = [place for _, place in given if isinstance(place, Path)]
    items = [
        replace(item, path=file or item.path)
        for file, place in given
        if isinstance(place, Part)
        for item in place.items
    ]
    part = Part(f"{listing.label}: {who}_{number}", tuple(items))
    also = (who, *(told.string for told in own))
    return Member(number, who, folders[0] if folders else part, also)


def classroom_members(listing: Listing) -> list[Member]:
    """The students in a folder of clones of one assignment: a clone is called after it and its user."""
    assignment = listing.name.removesuffix(CLONES)
    clones = {name: place for name, place in listing.entries.items() if isinstance(place, Path)}
    own = [git_folder(place) for name, place in clones.items() if name.startswith(f"{assignment}-")]
    if assignment == listing.name or len(clones) < len(listing.entries) or not any(own):
        return []
    return [
        Member(name.removeprefix(f"{assignment}-"), "", place, (name,))
        for name, place in clones.items()
    ]
