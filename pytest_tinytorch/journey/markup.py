"""HTML and SVG as text that knows whether it is markup: whatever is not is escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

VOID = frozenset({"br", "hr", "img", "input", "link", "meta"})
"""Elements without an end tag. Others have one, so that the page is well-formed XML as well."""
UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no page may hold: control characters, and halves of surrogate pairs."""

Value = str | int | float | bool | None


class Markup(str):
    """Text that is markup already, and is put into a page as it is."""

    __slots__ = ()


def text(value: str) -> Markup:
    """Any text, so that it means nothing to a browser."""
    return value if isinstance(value, Markup) else Markup(_escaped(value))


def join(*parts: str | None, by: str = "") -> Markup:
    """Parts one after the other; those that are None or empty are left out."""
    return Markup(text(by).join(text(part) for part in parts if part))


def element(name: str, /, *children: str | None, **attributes: Value) -> Markup:
    """An element.

    Args:
        name: of its tag.
        children: texts and markup; None and empty ones are left out.
        attributes: ``class_`` and ``aria_label`` stand for ``class`` and ``aria-label``. True is
            an attribute without a value, None and False are none at all.

    >>> element("p", "1 < 2", class_="law")
    '<p class="law">1 &lt; 2</p>'
    """
    written = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in VOID:
        return Markup(f"<{name}{written} />")
    return Markup(f"<{name}{written}>{join(*children)}</{name}>")


def items(parts: Iterable[str], **attributes: Value) -> Markup:
    """An unordered list."""
    return element("ul", *(element("li", part) for part in parts), **attributes)


def _attribute(key: str, value: Value) -> str:
    name = key.rstrip("_").replace("_", "-")
    if value is None or value is False:
        return ""
    if value is True:
        return f' {name}=""'
    written = f"{value:.6g}" if isinstance(value, float) else str(value)
    return f' {name}="{_escaped(written)}"'


def _escaped(value: str) -> str:
    return escape(UNPRINTABLE.sub("\ufffd", value))
