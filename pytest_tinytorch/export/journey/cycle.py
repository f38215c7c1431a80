"""The workflow: the steps that a learner repeats, and the one that is next."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, radians, sin

from pytest_tinytorch.course.commands import lesson_command
from pytest_tinytorch.course.curriculum import Unit
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.export.journey import phrases
from pytest_tinytorch.export.journey.markup import Markup, drawing, element
from pytest_tinytorch.export.journey.views import View


@dataclass(frozen=True)
class Step:
    """A step of the workflow.

    Attributes:
        name: what to do, in a word or two.
        text: the same in a sentence.
        angle: its position on the circle, in degrees from the right; None for the middle.
        command: what to type, with NN for a module; empty if it is the command for the lesson.
    """

    name: str
    text: str
    angle: int | None
    command: str = ""


READ, WRITE, RUN, FIX, GO_ON = STEPS = (
    Step("Read", "Read what the module is for, and its mathematics.", -90),
    Step("Write", "Write an exercise in place of its stub.", 0, "tito module start NN"),
    Step("Run", "Run the specs, on every save or whenever you like.", 90, "tito watch NN"),
    Step(
        "Fix",
        "If a spec fails, you see its law, the smallest input that breaks it, and the line.",
        None,
        "tito module hint NN",
    ),
    Step(
        "Go on",
        "Once all specs pass, the ledger has the proof, and what depends on it opens.",
        180,
        "tito module complete NN",
    ),
)
"""The steps in order; their positions and texts are the same in every course."""
SIZE, MIDDLE, ROUND, DISC = (380, 300), (190, 150), 104, 19
"""Of the canvas; its middle; radius of the circle and of a step on it."""
AFTER: dict[State, Step] = {
    State.TODO: WRITE,
    State.WRONG: FIX,
    State.BROKEN: FIX,
    State.STALE: RUN,
    State.NOT_RUN: RUN,
}
"""The state of the learner's current unit to the next step."""


def next_step(view: View) -> Step | None:
    """The learner's next step in a module; None at a milestone, or if the picture shows nobody's progress."""
    if view.progress is None:
        return None
    current = view.progress.current
    if current is not None and current.is_milestone:
        return None
    return GO_ON if current is None else AFTER.get(view.progress.state[current.id], RUN)


def cycle(view: View) -> Markup:
    """The steps as a circle, and as text with what to type."""
    here = next_step(view)
    current = view.progress.current if view.progress else None
    unit = None if current and current.is_milestone else current
    rows = (_row(n, step, unit, step is here) for n, step in enumerate(STEPS, start=1))
    listed = element("ol", *rows, class_="workflow-steps")
    return element("div", circle(here), listed, class_="workflow")


def circle(here: Step | None) -> Markup:
    """The circle: read, write, run, go on; from run to fix and back while something fails."""
    told = f" You are at: {here.name}." if here else ""
    (x, y), green = MIDDLE, _place(135, ROUND + 14)
    bottom, top = y + ROUND - DISC - 5, y + DISC + 5
    return drawing(
        "cycle",
        "round",
        SIZE,
        "The workflow",
        "Read, write, run. If a spec fails, fix it and run again. Once all pass, go on to the next module."
        + told,
        element("circle", cx=x, cy=y, r=ROUND, class_="line"),
        element("path", d=f"M{x} {bottom:g}V{top:g}", class_="line"),
        *(_head(*_place(angle, ROUND), angle + 90) for angle in (-45, 45, 135, -135)),
        _head(x, top + 2, -90),
        _head(x, bottom - 2, 90),
        element("text", "fails", x=x + 12, y=(top + bottom) / 2 + 5, class_="branch"),
        element("text", "passes", x=green[0], y=green[1] + 8, class_="branch end"),
        *(_disc(n, step, step is here) for n, step in enumerate(STEPS, start=1)),
    )


def _place(angle: float, radius: float) -> tuple[float, float]:
    """A point around the middle."""
    turn = radians(angle)
    return round(MIDDLE[0] + radius * cos(turn), 1), round(MIDDLE[1] + radius * sin(turn), 1)


def _head(x: float, y: float, angle: float) -> Markup:
    """The head of an arrow."""
    turned = f"translate({x:g} {y:g}) rotate({angle:g})"
    return element("path", d="M-5 -6L6 0L-5 6Z", transform=turned, class_="head")


def _disc(number: int, step: Step, here: bool) -> Markup:
    """A step on the circle, with its name outside it."""
    x, y = MIDDLE if step.angle is None else _place(step.angle, ROUND)
    beside = {0: (x + DISC + 8, y + 5, ""), 180: (x - DISC - 8, y + 5, " end")}
    up, down = (x, y - DISC - 10, " middle"), (x, y + DISC + 20, " middle")
    at = beside.get(step.angle or 0, down if step.angle == 90 else up)
    if step.angle is None:
        at = up
    return element(
        "g",
        element("circle", cx=x, cy=y, r=DISC, class_="shape"),
        element("text", str(number), x=x, y=y + 6, class_="middle number"),
        element("text", step.name, x=at[0], y=at[1], class_=f"name{at[2]}"),
        class_="step-disc here" if here else "step-disc",
    )


def _row(number: int, step: Step, unit: Unit | None, here: bool) -> Markup:
    """A step as text."""
    return element(
        "li",
        element(
            "p",
            element("strong", f"{number} {step.name}"),
            element("span", "you are here", class_="here") if here else None,
            class_="bar-head",
        ),
        element("p", step.text),
        element("p", phrases.command(typed(step, unit)), class_="command"),
        class_="workflow-step here-step" if here else "workflow-step",
    )


def typed(step: Step, unit: Unit | None) -> str:
    """What to type for a step at a checkpoint; NN stands for any module."""
    if not step.command:
        return lesson_command(unit) if unit else "tito docs NN"
    if unit is None:
        return step.command
    if not unit.source:
        return f"tito checkpoint test {unit.number}"
    return step.command.replace("NN", unit.number)
