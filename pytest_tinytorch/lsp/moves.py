"""Where the lines of a text stand after an edit, read from lines alone: neither text has to parse."""

from __future__ import annotations

from difflib import SequenceMatcher
from functools import lru_cache

from msgspec import Struct

from pytest_tinytorch.lsp.sheets import Place, lines_of


class Block(Struct, frozen=True):
    """Lines of a text, and those that stand in their place, counted from 0, the ends not included.

    Attributes:
        first, end: in the text as it was.
        at, until: in the text as it is.
        same: whether they are the same lines.
    """

    first: int
    end: int
    at: int
    until: int
    same: bool


class Moves(Struct, frozen=True):
    """How lines have moved between two texts; line numbers count from 1.

    Attributes:
        blocks: that the text as it was is made of, in its order.
    """

    blocks: tuple[Block, ...]

    def line(self, number: int) -> int:
        """Where a line stands now; for one that is gone, where it would stand."""
        found = [block for block in self.blocks if block.first < number <= block.end]
        if not found:
            return self.blocks[-1].until + 1 if self.blocks else number
        (block,) = found
        return min(block.at + number - 1 - block.first, block.until) + 1

    def keeps(self, number: int) -> bool:
        """Whether a line is what it was."""
        return any(block.same and block.first < number <= block.end for block in self.blocks)

    def place(self, place: Place) -> Place | None:
        """Where an exercise stands now; None if nothing is left of it.

        What is inserted below its last line is part of it.
        """
        first, last = self.line(place.first), self.line(place.last + 1) - 1
        if first > last:
            return None
        return Place(
            place.name,
            first,
            min(self.line(place.head), last),
            last,
            self.line(place.stub) if place.stub and self.keeps(place.stub) else 0,
            tuple(min(self.line(stop), last) for stop in place.stops),
        )


@lru_cache(maxsize=64)
def moves_between(before: str, after: str) -> Moves:
    """How lines have moved between two texts."""
    old, new = lines_of(before), lines_of(after)
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    middle = SequenceMatcher(
        None, old[head : len(old) - tail], new[head : len(new) - tail], autojunk=False
    )
    return Moves(
        (
            Block(0, head, 0, head, True),
            *(
                Block(head + i1, head + i2, head + j1, head + j2, tag == "equal")
                for tag, i1, i2, j1, j2 in middle.get_opcodes()
            ),
            Block(len(old) - tail, len(old), len(new) - tail, len(new), True),
        )
    )
