"""HTML and SVG as text that knows whether it is markup: whatever is not is escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable

from markupsafe import Markup, escape

__all__ = ["Markup", "drawing", "element", "items", "join", "text"]

VOID = frozenset({"br", "hr", "img", "input", "link", "meta"})
"""Elements without an end tag. Others have one, so that the page is well-formed XML as well."""
UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no page may hold: control characters, and halves of surrogate pairs."""

Value = str | int | float | bool | None


def text(value: str) -> Markup:
    """Any text, so that it means nothing to a browser; markup stays as it is."""
    return value if isinstance(value, Markup) else escape(UNPRINTABLE.sub("\ufffd", value))


def join(*parts: str | None, by: str = "") -> Markup:
    """Parts one after the other; those that are None or empty are left out."""
    return text(by).join(text(part) for part in parts if part)


def element(name: str, /, *children: str | None, **attributes: Value) -> Markup:
    """An element.

    Args:
        name: of its tag.
        children: texts and markup; None and empty ones are left out.
        attributes: ``class_`` and ``aria_label`` stand for ``class`` and ``aria-label``. True is
            an attribute without a value, None and False are none at all.

    >>> print(element("p", "1 < 2", class_="law"))
    <p class="law">1 &lt; 2</p>
    """
    written = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in VOID:
        return Markup(f"<{name}{written} />")
    return Markup(f"<{name}{written}>{join(*children)}</{name}>")


def items(parts: Iterable[str], **attributes: Value) -> Markup:
    """An unordered list."""
    return element("ul", *(element("li", part) for part in parts), **attributes)


def drawing(
    kind: str,
    shape: str,
    size: tuple[float, float],
    title: str,
    desc: str,
    *content: str | None,
    role: str = "img",
    width: float | None = None,
) -> Markup:
    """An SVG with a name and a description for those who do not see it.

    Args:
        kind: what it shows, ``flow``; a class, and the beginning of its ids.
        shape: the form for a width of the screen, ``narrow``; a class, too.
        size: width and height of its canvas.
        title, desc: its name, and what it shows in words.
        content: what is on it.
        role: ``group`` if it holds links.
        width: how wide it is at most, in pixels; else as wide as there is room.
    """
    name = f"{kind}-{shape}"
    return element(
        "svg",
        element("title", title, id=f"{name}-title"),
        element("desc", desc, id=f"{name}-desc"),
        *content,
        class_=f"{kind} {shape}",
        viewBox=f"0 0 {size[0]:g} {size[1]:g}",
        width=width,
        role=role,
        aria_labelledby=f"{name}-title {name}-desc",
    )


def _attribute(key: str, value: Value) -> str:
    name = key.rstrip("_").replace("_", "-")
    if value is None or value is False:
        return ""
    if value is True:
        return f' {name}=""'
    written = f"{value:.6g}" if isinstance(value, float) else str(value)
    return f' {name}="{text(written)}"'
