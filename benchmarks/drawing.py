"""Pictures of measurements: SVG in the colors of the surrounding page."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any
from xml.sax.saxutils import escape

BLUE, ORANGE = "#3b82c4", "#c4723b"
WIDTH = 640

LINE, TOP = 24, 34
"""Height of a row, and where the first one begins."""

LEFT, RIGHT = 210, 575
"""The ends of the axis of ratios: names stand before it, numbers behind it."""

ACROSS, PANEL_WIDTH, PANEL_HEIGHT = 3, 206, 168
"""Panels of growth beside each other, and the room of each."""


def svg(name: str, height: float, title: str, description: str, parts: Iterable[str]) -> str:
    """A drawing with a title and a description for screen readers; ids begin with its name."""
    ids = f"{name}-title", f"{name}-desc"
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" width="100%"'
            f' role="img" aria-labelledby="{" ".join(ids)}" font-family="inherit, sans-serif"'
            ' font-size="15" fill="currentColor">',
            f'  <title id="{ids[0]}">{escape(title)}</title>',
            f'  <desc id="{ids[1]}">{escape(description)}</desc>',
            *(f"  {part}" for part in parts),
            "</svg>",
        )
    )


def text(x: float, y: float, words: object, anchor: str = "start", **more: object) -> str:
    extra = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in more.items())
    place = f' text-anchor="{anchor}"' if anchor != "start" else ""
    return f'<text x="{x:.4g}" y="{y:.4g}"{place}{extra}>{escape(str(words))}</text>'


def line(x1: float, y1: float, x2: float, y2: float, **more: object) -> str:
    style = {"stroke": "currentColor", "stroke_width": 1} | more
    extra = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in style.items())
    return f'<path d="M{x1:.4g} {y1:.4g}L{x2:.4g} {y2:.4g}" fill="none"{extra}/>'


def ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 times powers of ten, from the last below ``low`` to the first above ``high``.

    >>> ticks(0.3, 4)
    [0.2, 0.5, 1.0, 2.0, 5.0]
    """
    powers = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1)
    every = [float(f"{digit}e{power}") for power in powers for digit in (1, 2, 5)]
    first = max(value for value in every if value <= low)
    last = min(value for value in every if value >= high)
    return [value for value in every if first <= value <= last]


def ratios(rows: Sequence[dict[str, Any]], name: str) -> str:
    """A point for each ratio, with its interval, on one logarithmic axis; blue is faster."""
    marks = ticks(
        min([0.5, *(row["low"] for row in rows)]), max([2, *(row["high"] for row in rows)])
    )
    span = math.log(marks[-1] / marks[0])

    def across(ratio: float) -> float:
        return LEFT + (RIGHT - LEFT) * math.log(ratio / marks[0]) / span

    bottom = TOP + LINE * len(rows)
    parts = []
    for mark in marks:
        strong = {"stroke_width": 2} if mark == 1 else {"opacity": 0.25}
        parts.append(line(across(mark), TOP - 8, across(mark), bottom, **strong))
        parts.append(text(across(mark), bottom + 20, f"{mark:g}", "middle"))
    for number, row in enumerate(rows):
        y = TOP + LINE * (number + 0.5)
        color = BLUE if row["median"] <= 1 else ORANGE
        ends = across(row["low"]), across(row["high"])
        parts.append(text(LEFT - 14, y + 5, row["name"], "end"))
        parts.append(line(ends[0], y, ends[1], y, stroke=color, stroke_width=4, opacity=0.5))
        parts.append(
            f'<circle cx="{across(row["median"]):.4g}" cy="{y:.4g}" r="5" fill="{color}"/>'
        )
        parts.append(text(WIDTH - 4, y + 5, f"{row['median']:.2f}", "end"))
    parts.append(text(across(1) - 10, 18, "ours is faster", "end", fill=BLUE))
    parts.append(text(across(1) + 10, 18, "the other is faster", fill=ORANGE))
    faster = sum(row["median"] <= 1 for row in rows)
    words = (
        f"A point for each of {len(rows)} kinds of work, with an interval of 95%, on a logarithmic axis."
        f" {faster} of them are at 1 or below, where ours is the faster one."
    )
    return svg(name, bottom + 30, "Our time divided by that of the other library", words, parts)


def growths(found: Sequence[dict[str, Any]], name: str) -> str:
    """A small log-log picture for each kind of work: the times, and a line as steep as theory says."""
    parts: list[str] = []
    for number, one in enumerate(found):
        left = (number % ACROSS) * (PANEL_WIDTH + 8) + 4
        parts += panel(one, left, (number // ACROSS) * PANEL_HEIGHT)
    height = math.ceil(len(found) / ACROSS) * PANEL_HEIGHT
    above = [one["name"] for one in found if one["above"]]
    words = (
        f"{len(found)} panels, each with both axes logarithmic: times at several sizes, and a dashed line"
        f" as steep as theory says. Steeper than that: {', '.join(above) or 'none'}."
    )
    return svg(name, height, "Time against size", words, parts)


def panel(one: dict[str, Any], left: float, top: float) -> list[str]:
    """One of these pictures, in its place."""
    sizes = [math.log(size) for size in one["sizes"]]
    costs = [math.log(seconds) for seconds in one["seconds"]]
    box = (left + 8, top + 50, left + PANEL_WIDTH - 14, top + PANEL_HEIGHT - 42)
    theory = costs[-1] - one["theory"] * (sizes[-1] - sizes[0])
    low, high = min([*costs, theory]), max(costs)

    def place(size: float, cost: float) -> tuple[float, float]:
        x = box[0] + (box[2] - box[0]) * (size - sizes[0]) / (sizes[-1] - sizes[0])
        return x, box[3] - (box[3] - box[1]) * (cost - low) / max(high - low, 1e-9)

    color = ORANGE if one["above"] else BLUE
    first, last = place(sizes[0], theory), place(sizes[-1], costs[-1])
    parts = [
        text(left, top + 18, one["name"], font_weight="bold"),
        text(left, top + 37, f"exponent {one['exponent']:.2f}, theory {one['theory']:g}"),
        line(box[0], box[3] + 8, box[2], box[3] + 8, opacity=0.4),
        text(box[0], box[3] + 27, f"{one['sizes'][0]:,}", font_size=13),
        text((box[0] + box[2]) / 2, box[3] + 27, one["size"], "middle", font_size=13),
        text(box[2], box[3] + 27, f"{one['sizes'][-1]:,}", "end", font_size=13),
        line(*first, *last, stroke_dasharray="5 5", opacity=0.6),
    ]
    points = [place(size, cost) for size, cost in zip(sizes, costs, strict=True)]
    path = "L".join(f"{x:.4g} {y:.4g}" for x, y in points)
    parts.append(f'<path d="M{path}" fill="none" stroke="{color}" stroke-width="2"/>')
    return parts + [f'<circle cx="{x:.4g}" cy="{y:.4g}" r="4" fill="{color}"/>' for x, y in points]
