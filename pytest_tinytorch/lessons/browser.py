"""A lesson for a browser: one HTML file with everything in it, pictures, formulas and colors."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

from pytest_tinytorch.lessons.formulas import mathml
from pytest_tinytorch.lessons.markup import anchor, with_formulas

STYLE = Path(__file__).with_name("lesson.css")
IMAGE = re.compile(r"<p><img src=\"pictures/([\w.-]+)\" alt=\"[^\"]*\" ?/?></p>")
HEADING = re.compile(r"<h([1-3])>(.*?)</h\1>", re.DOTALL)
TABLE = re.compile(r"<table>.*?</table>", re.DOTALL)
LINK = re.compile(r'(<a href="(?!https?:)[^"#]*)\.md(["#])')


def html_page(text: str, title: str, pictures: Path) -> str:
    """A lesson as one page of HTML, which loads nothing.

    Args:
        text: the lesson in Markdown.
        title: of the page.
        pictures: the folder of its pictures.
    Links to other lessons lead to pages beside it.
    """
    body = markdown(with_formulas(text, formula))
    body = IMAGE.sub(lambda found: picture(pictures / found[1]), body)
    body = HEADING.sub(headed, body)
    body = TABLE.sub(lambda found: f'<div class="wide">{found[0]}</div>', body)
    body = LINK.sub(r"\1.html\2", body)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{STYLE.read_text(encoding='utf-8')}{colors()}"
        f"</style>\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    )


def markdown(text: str) -> str:
    """The HTML of Markdown, code in colors."""
    from markdown_it import MarkdownIt  # takes a while, and only a browser needs it

    parser = MarkdownIt("commonmark", {"html": True, "highlight": highlighted}).enable("table")
    return str(parser.render(text))


def highlighted(code: str, language: str, attributes: str) -> str:
    """A block of code in colors; as it is where the language is none that is known."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import get_lexer_by_name

    if language != "python":
        return ""
    lexer = get_lexer_by_name("pycon" if code.startswith(">>>") else "python")
    return str(highlight(code, lexer, HtmlFormatter(nowrap=True)))


def colors() -> str:
    """The style of code, on light and on dark."""
    from pygments.formatters import HtmlFormatter

    light, dark = (
        re.sub(r"(?m)^(?!\.|pre \.).*\n?", "", HtmlFormatter(style=name).get_style_defs("pre"))
        for name in ("xcode", "github-dark")
    )
    return f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n"


def formula(latex: str, alone: bool) -> str:
    """A formula as MathML; one that stands alone may scroll."""
    math = mathml(latex, display=alone).replace("\n", " ")
    return f'\n\n<div class="wide">{math}</div>\n\n' if alone else math


def picture(file: Path) -> str:
    """A picture as part of the page, so that it has the page's colors and letters."""
    lines = file.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.startswith(("<?xml", "<style>svg{color"))]
    return "<figure>\n" + "\n".join(line for line in kept if line.strip()) + "\n</figure>"


def headed(found: re.Match[str]) -> str:
    """A heading that links can point to."""
    name = anchor(re.sub(r"<[^>]+>", "", found[2]))
    return f'<h{found[1]} id="{name}">{found[2]}</h{found[1]}>'
