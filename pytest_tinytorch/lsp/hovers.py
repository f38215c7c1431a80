"""What an editor shows of an exercise that is pointed at: its laws, what needs it, how to debug it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from lsprotocol import types

from pytest_tinytorch.course.callgraph import uses_of
from pytest_tinytorch.course.curriculum import Curriculum, Unit
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.lsp.folding import folded
from pytest_tinytorch.lsp.lenses import SIGNS, UNKNOWN, law_lines, laws_text
from pytest_tinytorch.lsp.sheets import Place, Sheet

TO_DEBUG = "To debug in a terminal: "
MEANINGS = {"✓": "holds", "✗": "is broken", "○": "waits for an exercise", UNKNOWN: "not judged yet"}
COUNTS = (
    "The terminal counts specs: each case of a law is one, and so is each law that waits for this."
)
"""Why numbers here are others than there."""
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


def about(sheet: Sheet, place: Place, curriculum: Curriculum, source: str) -> list[str]:
    """The laws of an exercise, which of them hold, and what needs it, a line each.

    Args:
        sheet: the module.
        place: the exercise.
        curriculum: knows what needs the module.
        source: of the module, as the reference has it.
    """
    users = users_of(place.name, source, sheet.unit)
    needing = [unit.label for unit in curriculum.checkpoints if sheet.unit.id in unit.needs]
    lines = [f"{place.name} · {sheet.unit.label} · {laws_text(sheet, place)}"]
    laws = law_lines(sheet, place)
    lines += [*laws, *sign_lines(laws)]
    lines += [f"Used by {', '.join(users)}"] if users else []
    lines += [f"Needed by {', '.join(needing)}"] if needing else []
    return [*lines, COUNTS]


def hover(lines: Sequence[str], debug: Mapping[str, str], markdown: bool) -> types.Hover | None:
    """What is shown; None if that is nothing.

    Args:
        lines: about an exercise, its title first.
        debug: broken law to the command that runs it alone under the debugger, to be copied.
        markdown: whether the editor draws Markdown.
    """
    if not (lines or debug):
        return None
    if not markdown:
        shown = [folded(line, hang=2) for line in lines]
        for law, command in debug.items():
            shown += [folded(f"{TO_DEBUG}{law}", hang=2), command]
        return types.Hover(types.MarkupContent(types.MarkupKind.PlainText, "\n".join(shown)))
    drawn = [in_markdown(line) for line in lines]
    drawn[:1] = [f"**{title}**" for title in drawn[:1]]
    parts = ["  \n".join(folded(line, hang=2) for line in drawn)] if drawn else []
    for law, command in debug.items():
        parts.append(f"{folded(in_markdown(f'{TO_DEBUG}{law}'), hang=2)}\n```sh\n{command}\n```")
    return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, "  \n".join(parts)))


def in_markdown(text: str) -> str:
    """A text as Markdown, with names in the font of code: some editors show what escapes them.

    >>> in_markdown("x[0] * as_array(y) is `z_1`.")
    '`x[0]` * `as_array(y)` is `z_1`.'
    """
    return CODE.sub(lambda found: found["as_it_is"] or f"`{found[0]}`", text)


def sign_lines(laws: Sequence[str]) -> list[str]:
    """What the signs before laws mean, of those that are there; nothing if all laws hold.

    >>> sign_lines(["✓ One.", "○ Two."])
    ['✓ holds, ○ waits for an exercise']
    """
    used = {law[0] for law in laws}
    found = [f"{sign} {meaning}" for sign, meaning in MEANINGS.items() if sign in used]
    return [", ".join(found)] if used - {SIGNS[State.PASSED]} else []


def users_of(exercise: str, source: str, unit: Unit) -> list[str]:
    """The exercises of a module that use another one of it."""
    uses = uses_of(source, unit.hints)
    return [name for name in unit.hints if exercise in uses.get(name, ())]
