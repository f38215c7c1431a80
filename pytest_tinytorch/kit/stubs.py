"""Cuts the learner's package out of the reference, and writes it, or checks it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from msgspec import to_builtins

from pytest_tinytorch.course.curriculum import Curriculum, Unit
from pytest_tinytorch.course.exercises import KEPT, cut_stubs, located_in
from pytest_tinytorch.course.kept import digest
from pytest_tinytorch.evidence.implementation import PACKAGE, kit_home
from pytest_tinytorch.evidence.paths import real_path


def generate_stubs(curriculum: Curriculum, reference: Path) -> dict[str, str]:
    """File name to text of every file of the learner's package, as a learner begins with it.

    Args:
        curriculum: says which functions are exercises.
        reference: the folder that holds the worked package ``tinytorch/``.
    """
    texts = {}
    for file in sorted((reference / PACKAGE).glob("*.py")):
        text = file.read_text(encoding="utf-8")
        unit = curriculum.checkpoint_of_module(file.stem)
        if unit is not None:
            text = stub_text(text, unit)
        texts[file.name] = text
    return texts


def stub_text(source: str, unit: Unit) -> str:
    """The file of a module as a learner finds it: bodies cut, and the lesson named at its head."""
    text = cut_stubs(source, unit.number, unit.name, unit.hints)
    head, quotes, rest = text[3:].partition('"""')
    if not (text.startswith('"""') and quotes):
        return text
    return f'"""{head.rstrip()}\n\nThe lesson: tito docs {unit.number}\n"""{rest}'


def kept_text(curriculum: Curriculum, texts: Mapping[str, str]) -> str:
    """What belongs into the file by which `course.exercises` knows the kit's stubs without parsing them."""
    lines = []
    for unit in curriculum.checkpoints:
        if unit.source:
            text = texts[f"{unit.name}.py"]
            located = to_builtins(located_in(text, tuple(unit.hints)))
            lines.append(f"{json.dumps(digest(text))}: {json.dumps(located)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def main(root: Path, curriculum: Curriculum, arguments: list[str]) -> int:
    """Write ``tinytorch/`` in ``root``, or ``--check`` it; gives the exit code.

    In the repository of the kit this is also about `exercises.KEPT`.
    """
    texts = generate_stubs(curriculum, root / "reference")
    package = root / PACKAGE
    kept = {KEPT: kept_text(curriculum, texts)} if real_path(root) == real_path(kit_home()) else {}
    if arguments == ["--check"]:
        present = {f.name: f.read_text(encoding="utf-8") for f in package.glob("*.py")}
        differing = sorted(n for n in {*texts, *present} if texts.get(n) != present.get(n))
        if differing:
            print(f"{PACKAGE}/ differs from the stubs of the reference in: {', '.join(differing)}")
        stale = [f for f, text in kept.items() if not f.is_file() or f.read_text("utf-8") != text]
        for file in stale:
            print(f"{file} is not of these stubs")
        return 1 if differing or stale else 0
    package.mkdir(exist_ok=True)
    for file, text in ({package / name: text for name, text in texts.items()} | kept).items():
        file.write_text(text, encoding="utf-8", newline="\n")
    print(f"wrote {len(texts)} files to {PACKAGE}/")
    return 0
