"""Which function a loop that never ends is in, and whether a spec is inside it again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from types import FrameType

from msgspec import Struct

QUESTION = "is there a loop that never ends?"
"""What is asked wherever a spec takes long."""

MODULE = "<module>"
"""The function that a module is, as Python calls it: it runs when the module is imported."""


class Loop(Struct, frozen=True):
    """A function that ran into the limit, and the spec that it did so in. Made of plain JSON values.

    So is a module whose import has ended the process: nobody comes back from that either.
    """

    file: str
    function: str
    line: int
    nodeid: str


def stack(frame: FrameType | None) -> Iterator[FrameType]:
    """The frames that are running, the innermost first."""
    while frame is not None:
        yield frame
        frame = frame.f_back


def looping_frame(
    frame: FrameType | None, held: Sequence[FrameType], is_learners: Callable[[str], bool]
) -> FrameType | None:
    """The learner's frame that the loop is in, if any.

    That is the innermost one that was running long before, too: what a loop calls comes and goes.
    Without such a frame it is the innermost.
    """
    theirs = [found for found in stack(frame) if is_learners(found.f_code.co_filename)]
    staying = [found for found in theirs if any(found is other for other in held)]
    return next(iter([*staying, *theirs]), None)


def loop_at(frame: FrameType, nodeid: str) -> Loop:
    """The function of a frame, as a loop that ``nodeid`` ran into."""
    code = frame.f_code
    return Loop(code.co_filename, code.co_qualname, code.co_firstlineno, nodeid)


def frames_inside(
    frame: FrameType | None, loops: Sequence[Loop], nodeid: str
) -> list[tuple[FrameType, Loop]]:
    """The frames that are inside a known loop, each with the loop; what ``nodeid`` itself found aside."""
    known = {(x.file, x.function, x.line): x for x in loops if x.nodeid != nodeid}
    places = [
        (found, known.get((code.co_filename, code.co_qualname, code.co_firstlineno)))
        for found in stack(frame)
        for code in [found.f_code]
    ]
    return [(found, loop) for found, loop in places if loop is not None]
