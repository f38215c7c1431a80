"""The characters and colors of what is shown on a terminal."""

from __future__ import annotations

from msgspec import Struct

from pytest_tinytorch.evidence.outcomes import State

JOIN = "\ue000"
"""Stands for a space at which no line is broken; `screen.rendered` makes it one. (Rich breaks at U+00A0.)"""

STYLE = {
    State.PASSED: "green",
    State.WRONG: "red",
    State.BROKEN: "red",
    State.TODO: "yellow",
    State.STALE: "yellow",
    State.BORROWED: "cyan",
    State.LOCKED: "dim",
    State.NOT_RUN: "",
}


class Glyphs(Struct, frozen=True):
    """The characters of a report; a terminal without Unicode gets the second set."""

    passed: str = "✓"
    wrong: str = "✗"
    todo: str = "•"
    stale: str = "~"
    borrowed: str = "="
    locked: str = "·"
    open: str = "○"
    full: str = "█"
    empty: str = "░"
    line: str = "─"
    dash: str = "—"
    dot: str = "·"
    plain: bool = False

    def of(self, state: State) -> str:
        """The mark for a state."""
        glyphs = {
            State.PASSED: self.passed,
            State.WRONG: self.wrong,
            State.BROKEN: self.wrong,
            State.TODO: self.todo,
        }
        glyphs |= {
            State.STALE: self.stale,
            State.BORROWED: self.borrowed,
            State.LOCKED: self.locked,
        }
        return glyphs.get(state, self.open)

    def fit(self, text: str) -> str:
        """Any text in the characters of this set, as long as it was."""
        if not self.plain:
            return text
        return text.translate(ASCII_SUBSTITUTES).encode("ascii", "replace").decode("ascii")


ASCII_SUBSTITUTES = str.maketrans("—–·…’✗×│├└─", "---.'xx||+-")

UNICODE = Glyphs()
PLAIN = Glyphs("+", "x", "*", "~", "=", "-", "o", "#", ".", "-", "-", "-", plain=True)


def glyphs_for(encoding: str | None) -> Glyphs:
    """The richest set that an output encoding can carry."""
    try:
        "✓✗•○█░─—·".encode(encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return PLAIN
    return UNICODE
