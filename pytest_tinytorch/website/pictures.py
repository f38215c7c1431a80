"""The pictures of the journey page, drawn for the documentation: without anybody's states."""

from __future__ import annotations

import posixpath

from pytest_tinytorch.course.curriculum import Curriculum, Unit
from pytest_tinytorch.export.journey.album import ALBUM
from pytest_tinytorch.export.journey.page import picture_style
from pytest_tinytorch.export.journey.views import View
from pytest_tinytorch.website.text import page_of

__all__ = ["ALBUM", "STYLE", "drawn", "style"]

STYLE = "assets/pictures.css"
"""Where the style of the pictures is, from the root of the site."""


def drawn(name: str, curriculum: Curriculum, here: str) -> str:
    """A picture of the album as part of the page ``here``; units lead to their pages."""

    def address(unit: Unit) -> str:
        target = posixpath.relpath(page_of(unit), posixpath.dirname(here))
        return f"{target.removesuffix('.md')}.html"

    return f'<div class="journey">{ALBUM[name](View(curriculum, address))}</div>'


def style() -> str:
    """The style sheet, which takes its colors and fonts from `docs/assets/extra.css`."""
    return picture_style(".md-typeset .journey")
