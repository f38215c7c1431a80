"""From what a person types (``05``, ``01-07``, ``autograd``, ``foundation``) to units, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import PurePosixPath

from pytest_tinytorch.course.curriculum import Curriculum, NamedCheckpoints, Unit


class UnknownName(ValueError):
    """A name that is no unit, tier, stage or path; the message lists the valid ones."""


def select_checkpoints(curriculum: Curriculum, text: str) -> tuple[Unit, ...]:
    """The checkpoints that ``text`` names, in the order of the course.

    Numbers, ranges, module names, tiers, stages, ``all``, and comma lists of them. Where a name
    is several things the module comes first, then the tier; ``stage:NAME`` is always the stage.
    An editor may name the file of the specs that it shows: ``test_05_autograd``.
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
    return _select("checkpoint", text, curriculum.checkpoints, groups)


def select_milestones(curriculum: Curriculum, text: str) -> tuple[Unit, ...]:
    """The milestones that ``text`` names: numbers, years, ranges, names, ``all``, comma lists."""
    return _select("milestone", text, curriculum.milestones, {})


def select_learning_path(curriculum: Curriculum, name: str) -> NamedCheckpoints:
    """The learning path of that name."""
    paths = _by_name(curriculum.learning_paths)
    if name.lower() not in paths:
        raise _unknown("path", name, {word: word for word in paths})
    return paths[name.lower()]


def _by_name(groups: Sequence[NamedCheckpoints], prefix: str = "") -> dict[str, NamedCheckpoints]:
    return {prefix + group.name.lower(): group for group in groups}


def _select(
    kind: str, text: str, units: Sequence[Unit], groups: Mapping[str, tuple[Unit, ...]]
) -> tuple[Unit, ...]:
    singles = _aliases(units)
    files = {PurePosixPath(unit.spec_path).stem: unit.id for unit in units}
    chosen: set[str] = set()
    for part in text.split(","):
        word = part.strip().lower()
        if word == "all":
            chosen.update(unit.id for unit in units)
        elif word in singles:
            chosen.add(singles[word].id)
        elif word in groups:
            chosen.update(unit.id for unit in groups[word])
        elif word in files:
            chosen.add(files[word])
        else:
            chosen.update(unit.id for unit in _range(kind, word, units, singles, groups))
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


def _range(
    kind: str,
    word: str,
    units: Sequence[Unit],
    singles: Mapping[str, Unit],
    groups: Mapping[str, tuple[Unit, ...]],
) -> Sequence[Unit]:
    first, dash, last = word.partition("-")
    valid = {
        **{w: unit.number if w == str(int(unit.number)) else w for w, unit in singles.items()},
        **{word: word for word in (*groups, "all")},
    }
    for end in (first, last) if dash else (word,):
        if not dash or end not in singles:
            raise _unknown(kind, end or word, valid)
    low, high = units.index(singles[first]), units.index(singles[last])
    if low > high:
        raise UnknownName(f"{kind} range {word!r} runs backwards: write {last}-{first}")
    return units[low : high + 1]


def _unknown(kind: str, word: str, valid: Mapping[str, str]) -> UnknownName:
    """The error for an unknown word; ``valid`` maps each valid word to how it is best written."""
    near = get_close_matches(word, valid, n=1, cutoff=0.5)
    meant = f" Did you mean {valid[near[0]]!r}?" if near else ""
    ways = dict.fromkeys(valid.values())
    names = ", ".join(sorted(ways, key=lambda way: not way.isdecimal()))  # numbers, then names
    return UnknownName(f"unknown {kind} {word!r}.{meant} Valid: {names}")


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
