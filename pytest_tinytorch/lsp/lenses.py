"""What stands above an exercise and beside it: its laws, and what can be done with it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lsprotocol import types
from pygls.workspace import PositionCodec

from pytest_tinytorch.course.callgraph import uses_of
from pytest_tinytorch.course.curriculum import Curriculum, Unit
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.lsp.commands import HINT, LAWS, RUN, STOP
from pytest_tinytorch.lsp.diagnostics import line_range, marked
from pytest_tinytorch.lsp.folding import folded
from pytest_tinytorch.lsp.laws import Cases, count_text
from pytest_tinytorch.lsp.sheets import Place, Sheet
from pytest_tinytorch.lsp.verdicts import UNSAVED

SIGNS = {State.PASSED: "✓", State.WRONG: "✗", State.BROKEN: "✗", State.TODO: "○"}
UNKNOWN = "·"
"""The sign of a law of which nothing is known for the source as it is."""
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


def lenses(
    sheet: Sheet,
    uri: str,
    lines: Sequence[str],
    codec: PositionCodec,
    slow: str = "",
    beside: bool = False,
) -> list[types.CodeLens]:
    """At each exercise: how many of its laws hold, and commands to run it or get a hint.

    Args:
        sheet: the module.
        uri: its address.
        lines: of it.
        codec: counts columns as the editor does.
        slow: the exercise that a run has been in for long: there it can be stopped.
        beside: whether the editor draws a lens behind its line, where a signature leaves no room.
    """
    return [
        types.CodeLens(
            range=line_range(lines, roomy_line(lines, place) if beside else place.head, codec),
            command=types.Command(title, command, arguments=[uri, place.name]),
        )
        for place in sheet.places
        for title, command in (
            (laws_text(sheet, place), LAWS),
            ("stop", STOP) if place.name == slow else ("run", RUN),
            ("hint", HINT),
        )
    ]


def roomy_line(lines: Sequence[str], place: Place) -> int:
    """Where an exercise has room behind a line: at its decorator, or the empty line above, or its ``def``.

    Lines count from 1.
    """
    above = place.first - 1
    if place.first < place.head or above < 1 or lines[above - 1].strip():
        return place.first
    return above


def laws_text(sheet: Sheet, place: Place) -> str:
    """How many laws of an exercise hold, out of how many, what is not known and what waits.

    A law with cases holds if all of them do.
    """
    if sheet.borrowed:
        return "borrowed"
    laws, broken = sheet.laws_about(place.name), len(sheet.broken_by(place.name))
    states = [sheet.state_of(cases) for cases in laws]
    held, unknown = states.count(State.PASSED), 0 if place.stub else states.count(None)
    if not laws:
        text = "no law of its own"
    elif unknown == len(laws):
        text = count_text("?", len(laws))
        text = f"locked: {text}" if sheet.locked else f"{text}, not judged yet"
    else:
        waiting = 0 if place.stub else states.count(State.TODO)
        text = count_text(held, len(laws))
        text += f", {waiting} wait{'s' * (waiting == 1)} for other exercises" if waiting else ""
        text += f", {unknown} not judged yet" if unknown else ""
    text += f", {broken} more fail{'s' * (broken == 1)} because of it" if broken else ""
    nodeids = {law.nodeid for cases in laws for law in cases}
    unsaved = place.name in sheet.unsaved_stubs or not sheet.unsaved.isdisjoint(nodeids)
    return marked((UNSAVED,) if unsaved else (), f"to do: {text}" if place.stub else text)


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
    laws = law_lines(sheet, place)
    lines += [*laws, *sign_lines(laws)]
    lines += [f"Used by {', '.join(users)}"] if users else []
    lines += [f"Needed by {', '.join(needing)}"] if needing else []
    lines.append(COUNTS)
    kind = types.MarkupKind.Markdown if markdown else types.MarkupKind.PlainText
    if markdown:
        title, *rest = map(in_markdown, lines)
        text = "  \n".join(folded(line, hang=2) for line in [f"**{title}**", *rest])
    else:
        text = "\n".join(folded(line, hang=2) for line in lines)
    return types.Hover(types.MarkupContent(kind, text))


def in_markdown(text: str) -> str:
    """A text as Markdown, with names in the font of code: some editors show what escapes them.

    >>> in_markdown("x[0] * as_array(y) is `z_1`.")
    '`x[0]` * `as_array(y)` is `z_1`.'
    """
    return CODE.sub(lambda found: found["as_it_is"] or f"`{found[0]}`", text)


def law_lines(sheet: Sheet, place: Place) -> list[str]:
    """The laws of an exercise, and those that fail because of it, a line each."""
    return [
        law_line(sheet, cases)
        for cases in (*sheet.laws_about(place.name), *sheet.broken_by(place.name))
    ]


def sign_lines(laws: Sequence[str]) -> list[str]:
    """What the signs before laws mean, of those that are there; nothing if all laws hold.

    >>> sign_lines(["✓ One.", "○ Two."])
    ['✓ holds, ○ waits for an exercise']
    """
    used = {law[0] for law in laws}
    found = [f"{sign} {meaning}" for sign, meaning in MEANINGS.items() if sign in used]
    return [", ".join(found)] if used - {SIGNS[State.PASSED]} else []


def law_line(sheet: Sheet, cases: Cases) -> str:
    """A law, whether it holds, and in how many of its cases, or for which one."""
    state = sheet.state_of(cases)
    text = f"{SIGNS.get(state, UNKNOWN) if state else UNKNOWN} {cases[0].text}"
    held = [sheet.states.get(law.nodeid) for law in cases].count(State.PASSED)
    if len(cases) > 1 and state in (State.WRONG, State.BROKEN):
        return f"{text} ({held} of {len(cases)} cases)"
    others = len(sheet.cases_of(cases[0])) > len(cases)
    return f"{text} ({', '.join(law.case for law in cases)})" if others else text


def users_of(exercise: str, source: str, unit: Unit) -> list[str]:
    """The exercises of a module that use another one of it."""
    uses = uses_of(source, unit.hints)
    return [name for name in unit.hints if exercise in uses.get(name, ())]
