"""How a state looks: a mark and a word, so that meaning never depends on color alone."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_tinytorch.course.curriculum import Unit
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.export.journey.markup import Markup, element

OFF_PATH = "off-path"
"""The name for what a learning path leaves out and does not need: nothing is to do there."""

STROKES: Mapping[str, str] = {
    State.PASSED: "M-4.2 .4L-1.3 3.3L4.2 -3.3",
    State.WRONG: "M-3.3 -3.3L3.3 3.3M3.3 -3.3L-3.3 3.3",
    State.BROKEN: "M0 -4.8V1.2M0 4.6V4.7",
    State.TODO: "M-4 4L-3.2 1L2 -4.2L4.2 -2L-1 3.2Z",
    State.STALE: "M-4.6 1.2C-3.2 -2.6 -1.6 -1.6 0 0S3.2 2.6 4.6 -1.2",
    State.BORROWED: "M-4 -1.9H4M-4 1.9H4",
    State.LOCKED: "M-3.4 -.6H3.4V4.2H-3.4ZM-2 -.6V-2.4A2 2 0 0 1 2 -2.4V-.6",
    State.NOT_RUN: "M0 -3A3 3 0 0 1 0 3A3 3 0 0 1 0 -3Z",
    OFF_PATH: "M-2.5 0H2.5",
}
"""The mark of each state, as strokes in a square from -8 to 8."""

MEANINGS: Mapping[str, str] = {
    State.PASSED: "every spec holds for the current source",
    State.WRONG: "a law does not hold",
    State.BROKEN: "it cannot be imported, or does not finish",
    State.TODO: "a stub still has to be written",
    State.STALE: "it passed for an earlier version of the source",
    State.BORROWED: "it is taken from the reference",
    State.LOCKED: "something that it needs is not passed",
    State.NOT_RUN: "everything that it needs is passed",
    OFF_PATH: "your learning path leaves it out",
}
"""What each state means, in the order of a legend."""

FLAME = (
    "M.4 -7.6C1.2 -3.9 5 -2 5 2.3C5 5.3 2.7 7.2 0 7.2C-2.7 7.2 -5 5.3 -5 2.3"
    "C-5 .3 -4 -1 -2.9 -2.2C-2.6 -.8 -1.9 0 -1 .2C-1.7 -2.7 -1 -5.6 .4 -7.6Z"
)
"""A torch: where the learner stands."""


def state_word(state: str) -> str:
    """The name of a state: of its mark, of its class, and, with blanks, for people."""
    return "open" if state == State.NOT_RUN else state


def word_of(progress: Progress, unit: Unit) -> str:
    """The name of the state that a page shows of a unit."""
    return OFF_PATH if unit in progress.left_out else state_word(progress.state[unit.id])


def symbols() -> Markup:
    """The marks, once for the whole page."""
    box = "-8 -8 16 16"
    drawn = [
        element("symbol", element("path", d=d), id=f"mark-{state_word(state)}", viewBox=box)
        for state, d in STROKES.items()
    ]
    torch = element("symbol", element("path", d=FLAME), id="mark-torch", viewBox=box)
    return element("svg", *drawn, torch, class_="symbols", aria_hidden="true", width=0, height=0)


def icon_at(name: str, x: float, y: float, size: float) -> Markup:
    """A mark inside a picture, around a point."""
    half = size / 2
    return element(
        "use", href=f"#mark-{name}", x=x - half, y=y - half, width=size, height=size, class_="mark"
    )


def icon(name: str, class_: str = "") -> Markup:
    """A mark in a line of text. It repeats what the text next to it says."""
    use = element("use", href=f"#mark-{name}")
    return element("svg", use, class_=f"icon {class_}".rstrip(), aria_hidden="true")


def state_badge(state: str) -> Markup:
    """A state in text: its mark and its word."""
    name = state_word(state)
    return element("span", icon(name), element("span", spoken(name)), class_=f"state {name}")


def spoken(name: str) -> str:
    """The name of a state as people read it."""
    return State.TODO.words if name == State.TODO else name.replace("-", " ")
