"""What an editor has changed in a text, by lines and columns as it counts them."""

from __future__ import annotations

from collections.abc import Iterable

from lsprotocol import types
from pygls.workspace import PositionCodec

from pytest_tinytorch.lsp.sheets import LINE_END


def edited(
    text: str, changes: Iterable[types.TextDocumentContentChangeEvent], codec: PositionCodec
) -> str:
    """A text after changes, one after the other.

    Lines end where the protocol says they do: a form feed, for instance, ends none.
    """
    for change in changes:
        if isinstance(change, types.TextDocumentContentChangePartial):
            start, end = (
                offset(text, position, codec) for position in (change.range.start, change.range.end)
            )
            text = text[:start] + change.text + text[max(start, end) :]
        else:
            text = change.text
    return text


def offset(text: str, position: types.Position, codec: PositionCodec) -> int:
    """How many characters of a text come before a position; the nearest there is."""
    starts = [0, *(found.end() for found in LINE_END.finditer(text))]
    if position.line >= len(starts):
        return len(text)
    start = starts[position.line]
    line = LINE_END.split(text[start:], maxsplit=1)[0]
    units = 0
    for number, character in enumerate(line):
        if units >= position.character:
            return start + number
        units += codec.client_num_units(character)
    return start + len(line)
