"""The lesson of a unit in Markdown, as it stands in a workspace, and the list of all lessons."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from pytest_tinytorch.course.curriculum import Curriculum, Unit
from pytest_tinytorch.lessons import source
from pytest_tinytorch.lessons.markup import anchor, common, plain

FOLDER, INDEX = "lessons", "README.md"
"""Where lessons are in a workspace, and the file that lists them."""
SVG = "{http://www.w3.org/2000/svg}"
COLORS = "<style>svg{color:#1f2328}@media(prefers-color-scheme:dark){svg{color:#e6edf3}}</style>"
"""Letters and lines of a picture that stands in a page of its own colors."""


def file_name(unit: Unit) -> str:
    """The file of a lesson in its folder."""
    middle = f"_{unit.year}" if unit.is_milestone else ""
    return f"{'milestone_' if middle else ''}{unit.number}{middle}_{unit.name}.md"


def page(home: Path, curriculum: Curriculum, unit: Unit) -> str:
    """The lesson of a unit.

    Args:
        home: the folder of the kit, or what the wheel carries of it.
        curriculum: what there is to learn.
        unit: a checkpoint or a milestone.
    Raises:
        OSError: its text is not there.
    """
    text = source.text_file(home, unit).read_text(encoding="utf-8")
    text = common(text, lambda name: picture(home, name)).strip()
    text = re.sub(r"\A# .*\n+", "", text)
    parts = [f"# {unit.year or unit.number} · {unit.title}"]
    parts += [f"*{plain(unit.question)}*"] if unit.question else []
    parts += [facts(curriculum, unit), commands(unit), text]
    if unit.source:
        parts += exercises(home, unit)
    if not unit.is_milestone:
        parts += laws(home, unit)
    return "\n\n".join([*parts, f"[All lessons]({INDEX})"]) + "\n"


def facts(curriculum: Curriculum, unit: Unit) -> str:
    """What a learner should know before the text begins."""
    needs = [curriculum.unit(need) for need in unit.needs]
    opened = [m for m in curriculum.milestones if unit.id in curriculum.closure([m.id])]
    rows = [
        ("You prove" if unit.is_milestone else "You build", plain(unit.builds)),
        ("Opens after" if unit.is_milestone else "It needs", links(needs)),
        ("Leads to", "" if unit.is_milestone else links(opened)),
        ("Then you can say", plain(unit.capability)),
        ("Next", plain(unit.challenge)),
    ]
    return "\n".join(f"- **{name}**: {text}" for name, text in rows if text)


def commands(unit: Unit) -> str:
    """What to type."""
    own = [f"tito module start {unit.number}", f"tito module test {unit.number}"]
    if unit.is_milestone:
        own = [f"tito milestone start {unit.year}", f"tito milestone test {unit.year}"]
    elif not unit.source:
        own = ["tito doctor", f"tito checkpoint test {unit.number}"]
    return "```sh\n" + "\n".join(own) + "\n```"


def links(units: Iterable[Unit]) -> str:
    """Links to the lessons of several units, in a line."""
    return ", ".join(f"[{unit.label}]({file_name(unit)})" for unit in units)


def picture(home: Path, name: str) -> str:
    """A picture with its words."""
    import xml.etree.ElementTree as ET  # a workspace has its pages already

    root = ET.parse(home / source.PICTURES / name).getroot()
    words = ". ".join((root.findtext(f"{SVG}{tag}") or "").rstrip(".") for tag in ("title", "desc"))
    return f"![{plain(' '.join(words.split()))}.](pictures/{name})"


def exercises(home: Path, unit: Unit) -> list[str]:
    """A section for each exercise, with what its docstring says."""
    names = ", ".join(f"[`{name}`](#{anchor(name)})" for name in unit.hints)
    parts = ["## What you write", f"In `{unit.source}`: {names}."]
    for name, text in source.exercise_stubs(home, unit).items():
        typed = f'"{name}"' if " " in name else name
        parts += [f"### `{name}`", f"```python\n{text}\n```"]
        parts.append(f"A hint: `tito module hint {unit.number} {typed}`")
    return parts


def laws(home: Path, unit: Unit) -> list[str]:
    """The groups of specs with the laws in them."""
    lines = []
    for group in source.groups(home, unit):
        lines += [f"- **{plain(group.name)}**", *(f"    - {plain(law)}" for law in group.laws)]
    return ["## What proves it", f"The specs are in `{unit.spec_path}`.", "\n".join(lines)]


def index(curriculum: Curriculum) -> str:
    """The list of all lessons."""
    rows = [
        f"| {links([unit])} | {plain(unit.question or unit.builds)} |" for unit in curriculum.units
    ]
    return "\n".join(
        [
            "# Lessons",
            "",
            "`tito docs 05` opens one in the terminal, `tito docs 05 --browser` in the browser.",
            "",
            "| lesson | what it is about |",
            "|---|---|",
            *rows,
            "",
        ]
    )


def workspace_lessons(home: Path, curriculum: Curriculum) -> dict[str, str]:
    """Path to text of every lesson and picture of a workspace."""
    texts = {f"{FOLDER}/{file_name(u)}": page(home, curriculum, u) for u in curriculum.units}
    texts[f"{FOLDER}/{INDEX}"] = index(curriculum)
    for file in sorted((home / source.PICTURES).glob("*.svg")):
        head, end, rest = file.read_text(encoding="utf-8").partition("</desc>\n")
        texts[f"{FOLDER}/pictures/{file.name}"] = f"{head}{end}{COLORS}\n{rest}"
    return texts
