"""The names that a person may have meant by one that does not exist."""

from __future__ import annotations

from collections.abc import Iterable

LEAST = 0.65
"""How alike a word and a name have to be, from 0 to 1: two thirds if one letter of three is wrong."""


def nearest(word: str, names: Iterable[str], most: int = 1) -> list[str]:
    """The names most like a word, the best first. Case, dots and underscores make no difference.

    A part of a name counts as the whole: `item` is like `Tensor.item`.

    >>> nearest("asarray", ["add", "as_array"]), nearest("x", ["add"]), nearest("mselos", ["MSELoss.forward"])
    (['as_array'], [], ['MSELoss.forward'])
    """
    from difflib import get_close_matches  # only where a name is wrong

    spelled: dict[str, list[str]] = {}
    for name in names:
        for part in {name, *name.replace(" ", ".").split(".")}:
            spelled.setdefault(_plain(part), []).append(name)
    near = get_close_matches(_plain(word), spelled, n=most, cutoff=LEAST)
    return list(dict.fromkeys(name for one in near for name in spelled[one]))[:most]


def meant(word: str, names: Iterable[str], most: int = 1) -> str:
    """A sentence that asks whether one of the nearest names was meant; empty if none is near."""
    near = nearest(word, names, most)
    return f" Did you mean {' or '.join(repr(name) for name in near)}?" if near else ""


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace(".", "")
