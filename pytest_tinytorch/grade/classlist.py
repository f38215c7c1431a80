"""The list of a class: a CSV file that says who has handed in what."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pytest_tinytorch.course.nearest import nearest
from pytest_tinytorch.evidence.paths import why
from pytest_tinytorch.grade.submissions import Entry, printable, stem

COLUMNS = ("submission", "id", "name", "late_days")
"""The columns that mean something. Only the first one is needed."""


class ListError(ValueError):
    """The list of a class is wrong; the message names the line or the column."""


def read_list(file: Path) -> dict[str, Entry]:
    """The list of a class: the name of each submission to what is known of it.

    A CSV file in UTF-8 with a line of titles: ``submission``, and optionally ``id``, ``name``, ``late_days``,
    in letters of any case. Other columns are kept as they are; see `unread_columns`.

    Raises:
        ListError: it is wrong, or cannot be read.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            titles = [_title(text) for text in reader.fieldnames or ()]
            reader.fieldnames = titles
            rows = list(reader)
    except UnicodeDecodeError as error:
        raise ListError(f"{file} is not UTF-8: save it as CSV in UTF-8") from error
    except (OSError, ValueError, csv.Error) as error:
        raise ListError(f"{file}: {why(error)}") from error
    _refuse_titles(titles, str(file))
    if not rows:
        raise ListError(f"{file}: there are no students in it: write a line for each")
    return entries_of(rows, str(file))


def _title(text: str) -> str:
    """The title of a column: one that the list knows as it is spelled here, and any other as it is there.

    >>> _title(" Late Days"), _title("E-mail ")
    ('late_days', 'E-mail')
    """
    plain = re.sub(r"[\s_-]+", "_", text.strip()).casefold()
    return plain if plain in COLUMNS else text.strip()


def _refuse_titles(titles: Sequence[str], file: str) -> None:
    """Refuse titles without the column that is needed, or with one that is there twice or misspelled."""
    columns = f"the first line has {', '.join(COLUMNS)}, of which only {COLUMNS[0]} is needed"
    if mark := next((mark for mark in ";\t" if any(mark in title for title in titles)), ""):
        raise ListError(f"{file}: save it with commas between the columns, not with {mark!r}")
    for title, count in Counter(filter(None, titles)).items():
        if count > 1:
            raise ListError(f"{file}: two columns are called {title!r}: remove or rename one")
        if near := _misspelled(title, titles):
            raise ListError(f"{file}: {title!r} is no column: {columns}. Did you mean {near!r}?")
    if COLUMNS[0] not in titles:
        raise ListError(f"{file}: there is no column {COLUMNS[0]!r}: {columns}")


def _misspelled(title: str, titles: Sequence[str]) -> str:
    """The missing column that a title is like; empty if there is none. A word around it is another word.

    >>> _misspelled("late", ["late"]), _misspelled("surname", ["surname"]), _misspelled("name", ["name"])
    ('late_days', '', '')
    """
    missing = [name for name in COLUMNS if name not in titles]
    near = next(iter(nearest(title, missing)), "") if title not in COLUMNS else ""
    return "" if near in title.casefold() and len(title) > len(near) + 1 else near


def unread_columns(listed: Mapping[str, Entry]) -> list[str]:
    """What is said of the columns that mean nothing to the grader: a line, or none."""
    titles = [title for entry in [*listed.values()][:1] for title, _ in entry.more]
    return [f"not used, only copied to grades.csv: {', '.join(titles)}"] if titles else []


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
            raise ListError(
                f"{file}:{number}: late_days must be an integer of at least 0, got {days!r}"
            )
        more = tuple(
            (printable(title), printable((cell or "").strip()))
            for title, cell in row.items()
            if title and title not in COLUMNS
        )
        one = Entry(printable(given["id"] or key), printable(given["name"]), int(days), more)
        if key in found or one.id in ids:
            raise ListError(f"{file}:{number}: {key if key in found else one.id} is there twice")
        found[key] = one
        ids.add(one.id)
    return found
