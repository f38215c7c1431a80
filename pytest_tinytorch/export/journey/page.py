"""The page, whole: its head, its sections in order, and what a browser may do with it."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.export.journey import masthead, sections, states
from pytest_tinytorch.export.journey.markup import Markup, element, join
from pytest_tinytorch.export.journey.pictures import Picture

HERE = Path(__file__).parent
SHARED = "/* Shared with the documentation */"
"""Stands before and after each part of the style sheet that pictures need, whatever page they are on."""
LENGTH = re.compile(r"(?<![\d.])(?<!width: )([\d.]+)rem")
"""A length that follows the size of letters; a width of the screen does not."""


def journey_page(progress: Progress, pictures: Sequence[Picture] = ()) -> str:
    """The page; a browser fetches nothing for it."""
    parts = sections.all_sections(progress, pictures)
    style, script = join(read("journey.css"), read("pictures.css")), read("journey.js")
    body = element(
        "body",
        states.symbols(),
        element("a", "Skip to the content", href="#content", class_="skip"),
        masthead.bar(progress, parts),
        element(
            "main",
            masthead.hero(progress),
            *map(sections.section_element, parts),
            id="content",
            tabindex=-1,
        ),
        masthead.foot(),
        element("script", script),
    )
    return whole(
        head(f"{progress.curriculum.title}: {progress.verdict_line()}", style, script), body
    )


def whole(head: Markup, body: Markup) -> str:
    """A page from its head and its body."""
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def read(name: str) -> Markup:
    """A file of this package that becomes part of the page."""
    return Markup("\n" + (HERE / name).read_text(encoding="utf-8"))


def picture_style(scope: str) -> str:
    """The style rules for the pictures of the album, on a page that is not ours.

    Args:
        scope: selector of the elements that contain pictures. They must inherit colors, fonts, and the length
            ``--rem``, which is our font size.
    """
    rules = "".join([*read("journey.css").split(SHARED)[1::2], read("pictures.css")])
    scaled = LENGTH.sub(r"calc(\1 * var(--rem))", rules)
    return f"{scope} {{\n{scaled}}}\n"


def policy(style: str, script: str) -> str:
    """What a browser may load: this style, this script if any, and the pictures inside, nothing else."""
    scripts = f"script-src '{digest(script)}'; " if script else ""
    return (
        f"default-src 'none'; style-src '{digest(style)}'; {scripts}"
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def digest(text: str) -> str:
    """The hash of a text, as in a content security policy."""
    return f"sha256-{b64encode(sha256(text.encode('utf-8')).digest()).decode('ascii')}"


def head(title: str, style: str, script: str, *more: Markup) -> Markup:
    """The head of a self-contained page."""
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy(style, script)),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        *more,
        element("title", title),
        element("link", rel="icon", href="data:,"),
        element("style", style),
    )
