"""The message of a first look in a few lines: nobody has made its examples smaller yet."""

from __future__ import annotations

from collections.abc import Iterator

LONG, LONGEST = 100, 200
"""Characters of a line that stays as it is, and of one with lists at most."""
KEPT = 3
"""Elements that are shown of each list in a longer line."""
MORE = "..."


def shorter(text: str) -> str:
    """A text whose long lines have the first elements of each list only.

    >>> shorter(f"  Called    f(Tensor({[float(n) for n in range(40)]}))")
    '  Called    f(Tensor([0.0, 1.0, 2.0, ...]))'
    """
    return "\n".join(map(_in_a_line, text.split("\n")))


def _in_a_line(line: str) -> str:
    if len(line) <= LONG or "[" not in line:
        return line
    line = "".join(_first_elements(line))
    return line if len(line) <= LONGEST else f"{line[: LONGEST - len(MORE)]}{MORE}"


def _first_elements(line: str) -> Iterator[str]:
    """The pieces of a line that are left of it: lists may be inside of lists."""
    seen: list[int] = []  # of each list that is open, how many of its elements have ended
    left_out = 0  # how many lists are open since one had enough
    for character in line:
        if character == "[":
            seen.append(0)
            left_out += left_out > 0
        if character == "]" and seen:
            seen.pop()
            left_out -= left_out > 0
        if not left_out:
            yield character
        if character == "," and seen:
            seen[-1] += 1
            if seen[-1] == KEPT and not left_out:
                left_out = 1
                yield f" {MORE}"
