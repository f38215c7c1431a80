"""What stands above an exercise: how many of its laws hold, and what can be done with it."""

from __future__ import annotations

from collections.abc import Sequence

from lsprotocol import types
from pygls.workspace import PositionCodec

from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.lsp.commands import HINT, LAWS, RUN, STOP
from pytest_tinytorch.lsp.diagnostics import line_range, marked
from pytest_tinytorch.lsp.laws import Cases, count_text
from pytest_tinytorch.lsp.sheets import Place, Sheet
from pytest_tinytorch.lsp.verdicts import UNSAVED

SIGNS = {State.PASSED: "✓", State.WRONG: "✗", State.BROKEN: "✗", State.TODO: "○"}
UNKNOWN = "·"
"""The sign of a law of which nothing is known for the source as it is."""


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
    is_locked = sheet.locked and bool(laws) and unknown == len(laws)
    if not laws:
        text = "no law of its own"
    elif unknown == len(laws):
        why = "stopped" if sheet.stopped else "not judged yet"
        text = count_text("?", len(laws)) + f", {why}" * (not is_locked)
    else:
        waiting = 0 if place.stub else states.count(State.TODO)
        text = count_text(held, len(laws))
        text += f", {waiting} wait{'s' * (waiting == 1)} for other exercises" if waiting else ""
        text += f", {unknown} not judged yet" if unknown else ""
    text += f", {broken} more fail{'s' * (broken == 1)} because of it" if broken else ""
    unsaved = place.name in sheet.unsaved_stubs or sheet.is_unsaved(place.name)
    heads = [State.TODO.words] * bool(place.stub) + [State.LOCKED.words] * is_locked
    return marked([*heads, *[UNSAVED] * unsaved], text)


def law_lines(sheet: Sheet, place: Place) -> list[str]:
    """The laws of an exercise, and those that fail because of it, a line each."""
    return [
        law_line(sheet, cases)
        for cases in (*sheet.laws_about(place.name), *sheet.broken_by(place.name))
    ]


def law_line(sheet: Sheet, cases: Cases) -> str:
    """A law, whether it holds, and in how many of its cases, or for which one."""
    state = sheet.state_of(cases)
    text = f"{SIGNS.get(state, UNKNOWN) if state else UNKNOWN} {cases[0].text}"
    held = [sheet.states.get(law.nodeid) for law in cases].count(State.PASSED)
    if len(cases) > 1 and state in (State.WRONG, State.BROKEN):
        return f"{text} ({held} of {len(cases)} cases)"
    others = len(sheet.cases_of(cases[0])) > len(cases)
    return f"{text} ({', '.join(law.case for law in cases)})" if others else text
