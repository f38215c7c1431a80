"""Progress as a badge: an SVG of one's own, or the JSON that shields.io makes one of."""

from __future__ import annotations

import json
from html import escape

from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.evidence.progress import Progress

LABEL = "tinytorch"
COLORS = {"brightgreen": "#2c7a1f", "green": "#4c7a10", "blue": "#0b5c9e", "lightgrey": "#5f6368"}
"""Names as shields.io knows them, and what we paint: white text on each is readable."""
TROUBLE = ("red", "#b3261e")
CHARACTER, MARGIN = 6.6, 10
"""The width of a character of Verdana at 11 pixels, about, and of the space beside a text."""


def badge_message(progress: Progress) -> str:
    """How far it is: checkpoints, and milestones if there are any, on the path if one is followed."""
    checkpoints, milestones = progress.checkpoints, progress.milestones
    text = f"{progress.count_passed(checkpoints)} of {len(checkpoints)} checkpoints"
    if progress.learning_path is not None:
        text = f"{progress.learning_path.name}: {text}"
    passed = progress.count_passed(milestones)
    return f"{text}, {passed} milestone{'s' * (passed != 1)}" if passed else text


def badge_color(progress: Progress) -> tuple[str, str]:
    """(name, value): red if something is wrong, else how far it is."""
    if any(state in (State.WRONG, State.BROKEN, State.STALE) for state in progress.state.values()):
        return TROUBLE
    units = (*progress.checkpoints, *progress.milestones)
    share = progress.count_passed(units) / len(units)
    limits = (("brightgreen", 1.0), ("green", 0.5), ("blue", 0.05), ("lightgrey", 0.0))
    name = next(name for name, least in limits if share >= least)
    return name, COLORS[name]


def shields_json(progress: Progress) -> str:
    """What the endpoint badge of shields.io reads."""
    table = {"schemaVersion": 1, "label": LABEL, "message": badge_message(progress)}
    return json.dumps(table | {"color": badge_color(progress)[0]}) + "\n"


def badge_svg(progress: Progress) -> str:
    """A badge that needs nobody's server: label and message, side by side."""
    shown = badge_message(progress)
    left, right = (round(len(text) * CHARACTER + 2 * MARGIN) for text in (LABEL, shown))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img"'
        f' aria-label="{escape(LABEL)}: {escape(shown)}">',
        f"<title>{escape(LABEL)}: {escape(shown)}</title>",
        f'<clipPath id="r"><rect width="{left + right}" height="20" rx="3"/></clipPath>',
        f'<g clip-path="url(#r)"><rect width="{left}" height="20" fill="#3c4043"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{badge_color(progress)[1]}"/></g>',
        '<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif"'
        ' font-size="11">',
        f'<text x="{left / 2}" y="14">{escape(LABEL)}</text>',
        f'<text x="{left + right / 2}" y="14">{escape(shown)}</text></g></svg>',
    ]
    return "\n".join(parts) + "\n"
