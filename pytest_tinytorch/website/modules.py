"""The page of a module: the hand-written text between what the curriculum, reference and specs say."""

from __future__ import annotations

import ast
from pathlib import Path

from pytest_tinytorch.course.curriculum import Curriculum, Unit
from pytest_tinytorch.course.exercises import GRADIENT, find_node
from pytest_tinytorch.evidence.implementation import PACKAGE
from pytest_tinytorch.lessons.markup import plain
from pytest_tinytorch.lessons.source import REFERENCE, first_line, groups, parse
from pytest_tinytorch.website.text import facts, links, named, shell, stars


def page(root: Path, curriculum: Curriculum, unit: Unit, text: str, here: str) -> str:
    """The whole page.

    Args:
        root: the folder with reference and specs.
        curriculum: what there is to learn.
        unit: the checkpoint that the module belongs to.
        text: what is written by hand.
        here: the page, from the folder of the documentation.
    """
    parts = [head(curriculum, unit, here), text.strip()]
    if unit.source:
        parts += [written(root, unit), documented(root, unit)]
    return "\n\n".join([*parts, laws_of(root, unit)]) + "\n"


def head(curriculum: Curriculum, unit: Unit, here: str) -> str:
    """What a learner should know before the text begins."""
    needs = [curriculum.unit(need) for need in unit.needs]
    followers = [u for u in curriculum.checkpoints if unit.id in u.needs]
    opened = [m for m in curriculum.milestones if unit.id in curriculum.closure([m.id])]
    rows = [
        ("Tier", named(curriculum.tiers, unit)),
        ("Stage", named(curriculum.stages, unit)),
        ("Difficulty", stars(unit)),
        ("You build", plain(unit.builds)),
        ("It needs", links(needs, here)),
        ("Needed by", links(followers, here)),
        ("Leads to", links(opened, here)),
        ("Then you can say", plain(unit.capability)),
    ]
    commands = [f"tito module start {unit.number}"] if unit.source else ["tito doctor"]
    commands.append(f"pytest -p tinytorch --checkpoint {unit.number}")
    title = f"# {unit.number} · {unit.title}\n\n{plain(unit.question)}\n{{: .asked }}"
    return "\n\n".join([title, facts(rows), shell(*commands)])


def written(root: Path, unit: Unit) -> str:
    """The exercises, each with its line."""
    tree = parse(root / REFERENCE / str(unit.source))
    public = public_names(root, unit)
    rules = [name for name in unit.hints if name.startswith(GRADIENT)]
    lines = [f"- {exercise(tree, unit, public, name)}" for name in unit.hints if name not in rules]
    if rules:
        names = ", ".join(f"`{name.removeprefix(GRADIENT)}`" for name in rules)
        lines.append(f"- the gradients of {names}: a rule for each argument")
    count = "1 exercise" if len(unit.hints) == 1 else f"{len(unit.hints)} exercises"
    intro = f"`{unit.source}` has {count}. Hints: `tito module hint {unit.number} NAME`."
    return "\n".join(["## What you write", "", intro, "", *lines])


def exercise(tree: ast.Module, unit: Unit, public: list[str], name: str) -> str:
    """One exercise in a line, with a link to its description if that is on the page."""
    node = find_node(tree, name)
    assert isinstance(node, ast.FunctionDef), f"{unit.label}: no exercise {name}"
    text = first_line(node)
    parts = name.split(".")
    shown = parts[0] in public and not any(part.startswith("_") for part in parts) and text
    label = f"[`{name}`][tinytorch.{unit.name}.{name}]" if shown else f"`{name}`"
    return f"{label}: {plain(text)}" if text else label


def documented(root: Path, unit: Unit) -> str:
    """The docstrings of the module's public functions and classes, without their source."""
    entries = [f"::: tinytorch.{unit.name}.{name}" for name in public_names(root, unit)]
    return "\n\n".join(["## Functions and classes", *entries])


def laws_of(root: Path, unit: Unit) -> str:
    """The groups of specs, each with the laws in it."""
    parts = [
        "## What proves it",
        f"The specs are in `{unit.spec_path}`. Each group is a capability.",
    ]
    for group in groups(root, unit):
        count = "1 law" if len(group.laws) == 1 else f"{len(group.laws)} laws"
        name = group.name.replace('"', "'")
        parts.append("\n".join([f'??? abstract "{name} · {count}"', ""]))
        parts[-1] += "\n" + "\n".join(f"    - {plain(law)}" for law in group.laws)
    return "\n\n".join(parts)


def public_names(root: Path, unit: Unit) -> list[str]:
    """What a page describes: functions and classes that the package exports, or that are to be written."""
    wanted = {name.partition(".")[0] for name in unit.hints} | exported(root, unit)
    tree = parse(root / REFERENCE / str(unit.source))
    nodes = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    shown = [node for node in nodes if node.name in wanted and first_line(node)]
    return [node.name for node in shown if not node.name.startswith("_")]


def exported(root: Path, unit: Unit) -> set[str]:
    """What `import tinytorch` has from this module."""
    tree = parse(root / REFERENCE / PACKAGE / "__init__.py")
    tables = [n.value for n in tree.body if isinstance(n, ast.Assign) and named_exports(n)]
    return set(ast.literal_eval(tables[0]).get(unit.name, "").split())


def named_exports(node: ast.Assign) -> bool:
    return ast.unparse(node.targets[0]) == "EXPORTS"
