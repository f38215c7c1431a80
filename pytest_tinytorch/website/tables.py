"""Tables that the guides take from the curriculum and from the files of the documentation."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from pytest_tinytorch.course.curriculum import Curriculum, NamedCheckpoints, Unit
from pytest_tinytorch.course.selection import unit_ranges
from pytest_tinytorch.lessons.markup import plain
from pytest_tinytorch.website.text import link, links, stars, table


def checkpoints(curriculum: Curriculum, here: str) -> str:
    """Every checkpoint with its question."""
    rows = [
        (link(unit, here), plain(unit.question), links(needs(curriculum, unit), here), stars(unit))
        for unit in curriculum.checkpoints
    ]
    return table(("checkpoint", "its question", "needs", "difficulty"), rows)


def capabilities(curriculum: Curriculum, here: str) -> str:
    """What is true once each checkpoint is passed."""
    rows = [
        (link(unit, here), plain(unit.builds), plain(unit.capability))
        for unit in curriculum.checkpoints
    ]
    return table(("module", "builds", "then you can say"), rows)


def milestones(curriculum: Curriculum, here: str) -> str:
    """Every milestone with what opens it."""
    rows = [
        (
            link(unit, here),
            links((n for n in needs(curriculum, unit) if not n.is_milestone), here),
            plain(unit.builds),
            plain(unit.badge),
        )
        for unit in curriculum.milestones
    ]
    return table(("milestone", "opens after", "you prove", "badge"), rows)


def datasets(curriculum: Curriculum) -> str:
    """The data sets: what each holds. A picture has what they cost and who uses them."""
    rows = [(plain(one.title), plain(one.what), plain(one.parts)) for one in curriculum.datasets]
    return table(("data set", "what it is", "parts"), rows)


def tiers(curriculum: Curriculum) -> str:
    """The tiers: what follows what."""
    return table(("tier", "modules", "weeks"), [group(curriculum, one) for one in curriculum.tiers])


def stages(curriculum: Curriculum) -> str:
    """The stages: what belongs together."""
    return table(("stage", "checkpoints"), [group(curriculum, s)[:2] for s in curriculum.stages])


def group(curriculum: Curriculum, one: NamedCheckpoints) -> tuple[str, str, str]:
    """A named set of checkpoints: name, numbers, weeks."""
    units = [unit for unit in curriculum.checkpoints if unit.number in one.numbers]
    return one.name, unit_ranges(units), one.weeks


def needs(curriculum: Curriculum, unit: Unit) -> list[Unit]:
    """What a unit depends on directly."""
    return [curriculum.unit(need) for need in unit.needs]


def decisions(folder: Path) -> str:
    """The records of decisions, by the first line of each."""
    found = []
    for file in sorted(folder.glob("[0-9]*.md")):
        title = file.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
        found.append(f"- [{plain(title)}]({file.name})")
    return "\n".join(found)


def contracts(file: Path) -> str:
    """What the rooms of the plugin have to keep to, in the words of the contracts themselves."""
    table = tomllib.loads(file.read_text(encoding="utf-8"))["tool"]["importlinter"]
    return "\n".join(f"- {plain(contract['name'])}." for contract in table["contracts"])


def schema(file: Path) -> str:
    """The keys of a JSON schema, those of what it refers to below them."""
    whole = json.loads(file.read_text(encoding="utf-8"))
    parts = [keys(whole)]
    for name, one in whole["$defs"].items():
        if "properties" in one:
            parts += [f"A `{name}`:", keys(one)]
    return "\n\n".join(parts)


def keys(one: dict[str, Any]) -> str:
    """A table of the keys of one object."""
    rows = [
        (f"`{name}`", kind(value), plain(value.get("description", "")))
        for name, value in one["properties"].items()
    ]
    return table(("key", "value", "meaning"), rows)


def kind(value: dict[str, Any]) -> str:
    """What a key may hold, in words.

    >>> kind({"type": "array", "items": {"$ref": "#/$defs/task"}}), kind({"enum": ["todo", "wrong"]})
    ('list of task', '`todo`, `wrong`')
    """
    if "$ref" in value:
        return str(value["$ref"]).rpartition("/")[2]
    if "const" in value:
        return f"`{value['const']}`"
    if "enum" in value:
        return ", ".join(f"`{one}`" for one in value["enum"])
    if value["type"] == "array":
        return f"list of {kind(value['items'])}"
    if isinstance(value.get("additionalProperties"), dict):
        return f"object of {kind(value['additionalProperties'])}"
    return " or ".join([value["type"]] if isinstance(value["type"], str) else value["type"])
