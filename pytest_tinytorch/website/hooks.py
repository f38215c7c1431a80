"""What MkDocs calls while it builds the site. The pages themselves are made by the files beside this one."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from pytest_tinytorch.course.curriculum import Curriculum, NamedCheckpoints, Unit
from pytest_tinytorch.course.curriculumfile import load_curriculum
from pytest_tinytorch.website import (
    architecture,
    commands,
    formulas,
    milestones,
    modules,
    pictures,
    pytorch,
    tables,
    weeks,
)
from pytest_tinytorch.website.text import page_of

PICTURE = re.compile(r'^--8<-- "docs/(pictures/[\w.-]+\.svg)"$', re.MULTILINE)
HABITS = "tests/interop/habits.toml"
GENERATED = re.compile(r"^<!-- generated: ([\w -]+) -->$", re.MULTILINE)


@cache
def course() -> Curriculum:
    return load_curriculum()


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Fill in the parts of the navigation that list folders.

    A page for what is not found has links from the root of a server, of which we know nothing.
    """
    course.cache_clear()  # `mkdocs serve` comes here after each edit
    config.theme.static_templates.discard("404.html")
    config.nav = [filled(entry, Path(config.docs_dir)) for entry in config.nav or []]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for each milestone, whose text stands beside its script, and the style of the pictures."""
    files.append(File.generated(config, pictures.STYLE, content=pictures.style()))
    for unit in course().milestones:
        text = milestones.readme(root(config), unit)
        files.append(File.generated(config, page_of(unit), content=text))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Add to a page what is known already."""
    here = page.file.src_uri
    unit = next((unit for unit in course().units if page_of(unit) == here), None)
    if unit is not None and unit.is_milestone:
        markdown = milestones.page(root(config), course(), unit, here)
    elif unit is not None:
        markdown = modules.page(root(config), course(), unit, markdown, here)
    markdown = GENERATED.sub(lambda found: made(found[1], config, here), markdown)
    return PICTURE.sub(lambda found: picture(Path(config.docs_dir, found[1])), markdown)


def on_page_content(html: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Make MathML of the formulas."""
    try:
        return formulas.to_mathml(html, page.file.src_uri)
    except ValueError as error:
        raise PluginError(str(error)) from error


def root(config: MkDocsConfig) -> Path:
    """The folder of the kit."""
    return Path(config.config_file_path).parent


def filled(entry: Any, folder: Path) -> Any:
    """An entry of the navigation; one that names a folder lists its pages."""
    if not isinstance(entry, dict):
        return entry
    title, value = next(iter(entry.items()))
    if isinstance(value, list):
        return {title: [filled(inner, folder) for inner in value]}
    if value == "modules/":
        return {title: [*ungrouped(), *map(tier, course().tiers)]}
    if value == "milestones/":
        return {title: [page_of(unit) for unit in course().milestones]}
    if value == "decisions/":
        records = sorted(file.name for file in (folder / value).glob("[0-9]*.md"))
        return {title: [f"{value}{name}" for name in ("index.md", *records)]}
    return entry


def ungrouped() -> list[str]:
    """Pages of the checkpoints that belong to no tier."""
    grouped = {number for one in course().tiers for number in one.numbers}
    return [page_of(unit) for unit in course().checkpoints if unit.number not in grouped]


def tier(one: NamedCheckpoints) -> dict[str, list[str]]:
    """A tier of the navigation with the pages of its modules."""
    units: list[Unit] = [u for u in course().checkpoints if u.number in one.numbers]
    return {one.name: [page_of(unit) for unit in units]}


def made(name: str, config: MkDocsConfig, here: str) -> str:
    """What stands in the place of ``<!-- generated: name -->``."""
    parts: dict[str, Callable[[], str]] = {
        "data": lambda: tables.datasets(course()),
        "plans": lambda: weeks.plans(course(), here),
        "checkpoints": lambda: tables.checkpoints(course(), here),
        "capabilities": lambda: tables.capabilities(course(), here),
        "milestones": lambda: tables.milestones(course(), here),
        "tiers": lambda: tables.tiers(course()),
        "stages": lambda: tables.stages(course()),
        "decisions": lambda: tables.decisions(Path(config.docs_dir) / "decisions"),
        "schema": lambda: tables.schema(
            root(config) / "pytest_tinytorch/export/progress.schema.json"
        ),
        "pytest-options": commands.pytest_options,
        "tito-commands": commands.tito_commands,
        "rooms": architecture.drawing,
        "habits": lambda: pytorch.numbers(root(config) / HABITS),
        "habits-that-work": lambda: pytorch.working(root(config) / HABITS),
        "habits-that-stay-different": lambda: pytorch.staying(root(config) / HABITS),
        "instead": lambda: pytorch.instead(root(config) / "reference/tinytorch/instead.py"),
        "contracts": lambda: tables.contracts(root(config) / "pyproject.toml"),
    }
    parts |= {
        f"picture of {one}": partial(pictures.drawn, one, course(), here) for one in pictures.ALBUM
    }
    if name not in parts:
        raise PluginError(
            f"{here}: {name!r} is not one of the things that can be generated: {', '.join(parts)}"
        )
    return parts[name]()


def picture(file: Path) -> str:
    """An SVG as part of the page, so that it has the page's colors and letters."""
    if not file.is_file():
        raise PluginError(f"there is no picture {file}")
    lines = file.read_text(encoding="utf-8").splitlines()
    svg = "\n".join(line for line in lines if line.strip() and not line.startswith("<?xml"))
    return f"<figure>\n{svg}\n</figure>"
