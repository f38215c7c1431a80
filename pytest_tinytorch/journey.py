"""Progress as one page of HTML that needs nothing else: the journey."""

from __future__ import annotations

from html import escape

from pytest_tinytorch.progress import Progress


def page(progress: Progress) -> str:
    """The page, whole."""
    rows = "\n".join(
        f"<li>{escape(unit.label)}: {escape(progress.state[unit.id])}</li>"
        for unit in progress.curriculum.units
    )
    title = escape(progress.verdict_line())
    return (
        '<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8">'
        f"<title>{title}</title></head>\n<body>\n<h1>{title}</h1>\n<ul>\n{rows}\n</ul>\n"
        "</body>\n</html>\n"
    )
