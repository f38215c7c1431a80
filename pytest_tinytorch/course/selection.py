"""From what a person types (``05``, ``01-07``, ``autograd``, ``foundation``) to units, and back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from pytest_tinytorch.course.curriculum import Curriculum, NamedCheckpoints, Unit

FILE = r"(?:test_|milestone_)?(?:(?P<number>\d\d)[_ ])?(?:(?P<year>\d{4})[_ ])?(?P<name>\w+)"
"""How the files of a unit are named, and the folder of a milestone."""
FOLDER = r"\d\d_\d{4}_\w+"
SUFFIXES = ("", ".py", ".md", ".html")
MANY = 5
"""More numbers than these are shown as a range where a message lists what is valid."""


class UnknownName(ValueError):
    """A name that is no unit, tier, stage or path; the message lists the valid ones."""


def select_checkpoints(curriculum: Curriculum, text: str) -> tuple[Unit, ...]:
    """The checkpoints that ``text`` names, in the order of the course.

    Numbers, ranges, module names, tiers, stages, ``all``, and comma lists of them. Where a name
    is several things the module comes first, then the tier; ``stage:NAME`` is always the stage.
    Files and folders of a unit are names of it too: ``05_autograd``, ``specs/test_05_autograd.py``.
    """
    groups_by_word = {
        **_by_name(curriculum.stages, "stage:"),
        **_by_name(curriculum.stages),
        **_by_name(curriculum.tiers),
    }
    by_number = {unit.number: unit for unit in curriculum.checkpoints}
    groups = {
        word: tuple(by_number[n] for n in group.numbers) for word, group in groups_by_word.items()
    }
    return _select(curriculum, "checkpoint", text, curriculum.checkpoints, groups)


def select_milestones(curriculum: Curriculum, text: str) -> tuple[Unit, ...]:
    """The milestones that ``text`` names: numbers, years, ranges, names, ``all``, comma lists."""
    return _select(curriculum, "milestone", text, curriculum.milestones, {})


def find_unit(curriculum: Curriculum, text: str) -> Unit | None:
    """The one unit that a number, a year, a name or a file means, of either kind; None if none does.

    Two digits are a checkpoint, a year is a milestone, and a checkpoint comes before a milestone of its name.

    Raises:
        UnknownName: a file's number and name belong to different units.
    """
    word = text.strip().lower()
    for units in (curriculum.checkpoints, curriculum.milestones):
        found = _aliases(units).get(word) or _unit_of_file(units, word)
        if found is not None:
            return found
    return None


def select_learning_path(curriculum: Curriculum, name: str) -> NamedCheckpoints:
    """The learning path of that name."""
    paths = _by_name(curriculum.learning_paths)
    if name.lower() not in paths:
        raise _unknown("path", name, {word: word for word in paths})
    return paths[name.lower()]


def _by_name(groups: Sequence[NamedCheckpoints], prefix: str = "") -> dict[str, NamedCheckpoints]:
    return {prefix + group.name.lower(): group for group in groups}


def _select(
    curriculum: Curriculum,
    kind: str,
    text: str,
    units: Sequence[Unit],
    groups: Mapping[str, tuple[Unit, ...]],
) -> tuple[Unit, ...]:
    singles = _aliases(units)
    chosen: set[str] = set()
    for part in text.split(","):
        word = part.strip().lower()
        if word == "all":
            chosen.update(unit.id for unit in units)
        elif word in singles:
            chosen.add(singles[word].id)
        elif word in groups:
            chosen.update(unit.id for unit in groups[word])
        elif (unit := _unit_of_file(units, word)) is not None:
            chosen.add(unit.id)
        elif (other := find_unit(curriculum, word)) is not None:
            raise UnknownName(
                f"{part.strip()!r} is {other.label}, a {other.kind}: ask with"
                f" `tito {other.kind}` or `pytest --{other.kind} {other.short}`"
            )
        else:
            chosen.update(unit.id for unit in _range(kind, part.strip(), units, singles, groups))
    return tuple(unit for unit in units if unit.id in chosen)


def _aliases(units: Sequence[Unit]) -> dict[str, Unit]:
    """Every word that means one unit: number with and without zeros, year, name."""
    aliases: dict[str, Unit] = {}
    for unit in units:
        names = [unit.number, str(int(unit.number)), unit.name]
        aliases.update(dict.fromkeys(names, unit))
        if unit.year:
            aliases[str(unit.year)] = unit
    return aliases


def _unit_of_file(units: Sequence[Unit], word: str) -> Unit | None:
    """The unit that a label or a name of its files means: ``05_autograd``, ``1998 cnn``.

    Raises:
        UnknownName: the number belongs to one unit, and the name to another.
    """
    path = PurePosixPath(word.replace("\\", "/"))
    if path.suffix not in SUFFIXES:  # such as `Tensor.item`, an exercise
        return None
    folder = path.suffix and re.fullmatch(FOLDER, path.parent.name)
    stem = path.parent.name if folder else path.name.removesuffix(path.suffix)
    found = re.fullmatch(FILE, stem)
    unit = next((u for u in units if found and u.name == found["name"]), None)
    if found is None or unit is None or word.strip("0123456789") == "":
        return None
    said = [found["number"] or unit.number, found["year"] or str(unit.year)]
    if said != [unit.number, str(unit.year)]:
        taken = next((u.name for u in units if u.number == said[0]), "nothing")
        raise UnknownName(
            f"{word!r} is not a {unit.kind}: {unit.name} is {unit.number}, and {said[0]} is {taken}"
        )
    return unit


def _range(
    kind: str,
    word: str,
    units: Sequence[Unit],
    singles: Mapping[str, Unit],
    groups: Mapping[str, tuple[Unit, ...]],
) -> Sequence[Unit]:
    first, dash, last = word.lower().partition("-")
    valid = {
        **{w: unit.number if w == str(int(unit.number)) else w for w, unit in singles.items()},
        **{word: word for word in groups if word.partition(":")[2] not in groups.keys() - singles},
        "all": "all",
    }
    for end in (first, last) if dash else (word,):
        if not dash or end not in singles:
            raise _unknown(kind, end or word, valid)
    low, high = units.index(singles[first]), units.index(singles[last])
    if low > high:
        right = f"{units[high].number}-{units[low].number}"
        raise UnknownName(f"{kind} range {word!r} runs backwards: write {right}")
    return units[low : high + 1]


def _unknown(kind: str, word: str, valid: Mapping[str, str]) -> UnknownName:
    """The error for an unknown word; ``valid`` maps each valid word to how it is best written."""
    from pytest_tinytorch.course.nearest import nearest  # most names are known

    near = [] if word.isdecimal() else nearest(word, valid)
    meant = f" Did you mean {valid[near[0]]!r}?" if near else ""
    ways = dict.fromkeys(valid.values())
    names = [way for way in ways if not way.isdecimal()]
    numbers = [way for way in ways if way.isdecimal() and len(way) == 2]
    years = [way for way in ways if way.isdecimal() and way not in numbers]
    if len(numbers) > MANY:
        numbers = [f"{numbers[0]} to {numbers[-1]}"]
    listed = ", ".join([*numbers, *years, *names])
    return UnknownName(f"unknown {kind} {word!r}.{meant} Valid: {listed}")


def unit_ranges(units: Iterable[Unit]) -> str:
    """Units in few words, neighbors joined: ``03-07``, ``02, 05``.

    Milestones are named by year.
    """
    runs: list[list[Unit]] = []
    years: list[str] = []
    for unit in units:
        if unit.is_milestone:
            years.append(str(unit.year))
        elif runs and int(runs[-1][-1].number) + 1 == int(unit.number):
            runs[-1].append(unit)
        else:
            runs.append([unit])
    ranges = [r[0].number if len(r) == 1 else f"{r[0].number}-{r[-1].number}" for r in runs]
    return ", ".join([*ranges, *years])
