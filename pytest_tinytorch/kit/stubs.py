"""Cuts the learner's package out of the reference, and writes it, or checks it."""

from __future__ import annotations

from pathlib import Path

from pytest_tinytorch.course.curriculum import Curriculum, Unit
from pytest_tinytorch.course.exercises import cut_stubs
from pytest_tinytorch.evidence.implementation import PACKAGE


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


def main(root: Path, curriculum: Curriculum, arguments: list[str]) -> int:
    """Write ``tinytorch/`` in ``root``, or ``--check`` it; gives the exit code."""
    texts = generate_stubs(curriculum, root / "reference")
    package = root / PACKAGE
    if arguments == ["--check"]:
        present = {f.name: f.read_text(encoding="utf-8") for f in package.glob("*.py")}
        differing = sorted(n for n in {*texts, *present} if texts.get(n) != present.get(n))
        if differing:
            print(f"{PACKAGE}/ differs from the stubs of the reference in: {', '.join(differing)}")
        return 1 if differing else 0
    package.mkdir(exist_ok=True)
    for name, text in texts.items():
        (package / name).write_text(text, encoding="utf-8", newline="\n")
    print(f"wrote {len(texts)} files to {PACKAGE}/")
    return 0
