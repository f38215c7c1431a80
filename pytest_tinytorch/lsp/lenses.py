"""What stands above an exercise and beside it: its laws, and what can be done with it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lsprotocol import types
from pygls.workspace import PositionCodec

from pytest_tinytorch.course.callgraph import uses_of
from pytest_tinytorch.course.curriculum import Curriculum, Unit
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.lsp.commands import HINT, LAWS, RUN
from pytest_tinytorch.lsp.diagnostics import line_range
from pytest_tinytorch.lsp.laws import Law
from pytest_tinytorch.lsp.sheets import Place, Sheet

SIGNS = {State.PASSED: "✓", State.WRONG: "✗", State.BROKEN: "✗", State.TODO: "○"}
UNKNOWN = "·"
"""The sign of a law of which nothing is known for the source as it is."""
CALL = r"\((?:[^()`]|\([^()`]*\))*\)"
INDEX = rf"\[(?:[^\[\]()`]|{CALL}|\[[^\[\]`]*\])*\]"
CODE = re.compile(
    r"(?P<as_it_is>`[^`]+`|(?<!\S)[*<>|=+/-]+(?!\S))"
    rf"|(?:[\w.]+(?:{CALL})?)?{INDEX}"
    rf"|[\w.]*_[\w.]*(?<!\.)(?:{CALL})?"
    r"|[^\s`,;:()]*[\\*<>|][^\s`,;:()]*"
)
"""What Markdown might take for its own: an index, a name with underscores, a word with a sign in it.

Code and a sign between spaces stay as they are.
"""


def lenses(
    sheet: Sheet, uri: str, lines: Sequence[str], codec: PositionCodec
) -> list[types.CodeLens]:
    """Above each exercise: how many of its laws hold, and commands to run it and to get a hint."""
    return [
        types.CodeLens(
            range=line_range(lines, place.first, codec),
            command=types.Command(title, command, arguments=[uri, place.name]),
        )
        for place in sheet.places
        for title, command in (
            (laws_text(sheet, place), LAWS),
            ("run", RUN),
            ("hint", HINT),
        )
    ]


def laws_text(sheet: Sheet, place: Place) -> str:
    """How many laws of an exercise hold, as far as that is known."""
    laws = sheet.laws_about(place.name)
    count, held = len(laws), sheet.held(laws)
    if not laws:
        return "no law of its own"
    if place.stub:
        return f"to do: {count} law{'s' * (count > 1)}"
    if held is None:
        return f"{count} law{'s' * (count > 1)}"
    return f"{held} of {count} law{'s' * (count > 1)} hold{'s' * (count == 1)}"


def hover(
    sheet: Sheet, place: Place, curriculum: Curriculum, source: str, markdown: bool
) -> types.Hover:
    """The laws of an exercise, which of them hold, and what needs it.

    Args:
        sheet: the module.
        place: the exercise.
        curriculum: knows what needs the module.
        source: of the module, as the reference has it.
        markdown: whether the editor draws Markdown.
    """
    users = users_of(place.name, source, sheet.unit)
    needing = [unit.label for unit in curriculum.checkpoints if sheet.unit.id in unit.needs]
    lines = [f"{place.name} · {sheet.unit.label} · {laws_text(sheet, place)}"]
    lines += [law_line(sheet, law) for law in sheet.laws_about(place.name)]
    lines += [f"Used by {', '.join(users)}"] if users else []
    lines += [f"Needed by {', '.join(needing)}"] if needing else []
    kind = types.MarkupKind.Markdown if markdown else types.MarkupKind.PlainText
    if markdown:
        title, *rest = map(in_markdown, lines)
        text = "  \n".join([f"**{title}**", *rest])
    else:
        text = "\n".join(lines)
    return types.Hover(types.MarkupContent(kind, text))


def in_markdown(text: str) -> str:
    """A text as Markdown, with names in the font of code: some editors show what escapes them.

    >>> in_markdown("x[0] * as_array(y) is `z_1`.")
    '`x[0]` * `as_array(y)` is `z_1`.'
    """
    return CODE.sub(lambda found: found["as_it_is"] or f"`{found[0]}`", text)


def law_line(sheet: Sheet, law: Law) -> str:
    """A law, and whether it holds."""
    state = sheet.states.get(law.nodeid)
    return f"{SIGNS.get(state, UNKNOWN) if state else UNKNOWN} {law.text}"


def users_of(exercise: str, source: str, unit: Unit) -> list[str]:
    """The exercises of a module that use another one of it."""
    uses = uses_of(source, unit.hints)
    return [name for name in unit.hints if exercise in uses.get(name, ())]
