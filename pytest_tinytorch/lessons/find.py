"""From what a person types, or a file that they name, to a lesson and a section of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from pytest_tinytorch.course import selection
from pytest_tinytorch.course.curriculum import Curriculum, Unit
from pytest_tinytorch.course.exercises import GRADIENT
from pytest_tinytorch.course.nearest import meant
from pytest_tinytorch.evidence.implementation import kit_home
from pytest_tinytorch.evidence.paths import why
from pytest_tinytorch.lessons import page, source

SHOWN = 6
"""How many lessons a message names, where several are meant."""


class NoLesson(ValueError):
    """There is no such lesson, or there are several; the message says which there are."""


class Topic(Struct, frozen=True):
    """A lesson, or a section of it.

    Attributes:
        unit: what it is about.
        exercise: the name of the exercise whose section is meant; empty for all of it.
    """

    unit: Unit
    exercise: str = ""


def find_topic(curriculum: Curriculum, words: Sequence[str]) -> Topic:
    """The one lesson that words mean: ``05``, ``milestone 1998``, ``softmax``, ``05 backward``.

    A module comes before an exercise of its name; ``01 tensor`` is the exercise.

    Raises:
        NoLesson: none is meant, or several; UnknownName: what follows ``milestone`` is none.
    """
    first, rest = words[0], " ".join(words[1:])
    if first.lower() in ("milestone", "module", "checkpoint") and rest:
        chosen = (
            selection.select_milestones(curriculum, rest)
            if first.lower() == "milestone"
            else selection.select_checkpoints(curriculum, rest)
        )
        return Topic(_single(rest, [Topic(unit) for unit in chosen]).unit)
    within = selection.find_unit(curriculum, first) if rest else None
    if within is not None and rest in within.hints:
        return Topic(within, rest)
    unit = selection.find_unit(curriculum, " ".join(words))
    if unit is not None:
        return Topic(unit)
    return find_exercise(curriculum, rest if within else " ".join(words), within)


def find_exercise(curriculum: Curriculum, wanted: str, within: Unit | None = None) -> Topic:
    """The one exercise that a word means, of all or of one module.

    Raises:
        NoLesson: none is meant, or several.
    """
    units = [within] if within else curriculum.checkpoints
    found = [Topic(u, name) for u in units for name in u.hints if _is_meant(wanted, name)]
    exact = [topic for topic in found if topic.exercise.lower() == wanted.lower()]
    if not found:
        raise _unknown(curriculum, wanted, within)
    of_class = [t for t in found if t.exercise.lower().startswith(f"{wanted.lower()}.")]
    if of_class and len({topic.unit.id for topic in of_class}) == 1:
        of_class = of_class[:1]  # its section begins with the class
    return _single(wanted, exact or of_class or found)


def _is_meant(word: str, exercise: str) -> bool:
    """Whether a word names an exercise: as a whole, or its class, its method or its op alone."""
    word, name = word.lower(), exercise.lower()
    return word in (name, *name.split("."), name.removeprefix(GRADIENT))


def _single(wanted: str, topics: Sequence[Topic]) -> Topic:
    if len(topics) > 1:
        ways = [f"{t.unit.short} {t.exercise}" if t.exercise else t.unit.label for t in topics]
        more = f" and {len(ways) - SHOWN} more" if len(ways) > SHOWN else ""
        raise NoLesson(
            f"{wanted!r} is ambiguous: {', '.join(ways[:SHOWN])}{more}."
            f" Write all of one, as in: {ways[0]}"
        )
    return topics[0]


def _unknown(curriculum: Curriculum, wanted: str, within: Unit | None) -> NoLesson:
    """The error for a word that means nothing, with the nearest that means something."""
    if within:
        near = meant(wanted, within.hints, most=2)
        listed = ", ".join(within.hints) or "none"
        return NoLesson(f"there is no exercise {wanted!r} in {within.label}.{near} Valid: {listed}")
    names = [name for unit in curriculum.units for name in (unit.name, *unit.hints)]
    return NoLesson(
        f"there is no lesson or exercise {wanted!r}.{meant(wanted, names, most=2)}"
        " `tito docs` lists the lessons"
    )


def lesson_file(root: Path, unit: Unit) -> Path:
    """Where the lesson of a unit is: in the workspace, or else its text in the installed kit."""
    own = root / page.FOLDER / page.file_name(unit)
    return own if own.is_file() else source.text_file(kit_home(), unit)


def lesson_text(root: Path, curriculum: Curriculum, unit: Unit) -> str:
    """The lesson of a unit in Markdown: the workspace's own, or else made from the installed kit.

    Raises:
        NoLesson: neither has one, as with a curriculum of one's own, or it cannot be read.
    """
    own = root / page.FOLDER / page.file_name(unit)
    try:
        if own.is_file():
            return own.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise NoLesson(
            f"{own} cannot be read: {why(error)}. Save it as UTF-8, or remove it: `tito update` brings the"
            " kit's back"
        ) from None
    try:
        return page.page(kit_home(), curriculum, unit)
    except FileNotFoundError as error:
        raise NoLesson(
            f"{unit.label} has no lesson: {error.filename} is missing. `tito update` brings lessons back;"
            " a course with a curriculum of its own puts them into lessons/"
        ) from None
