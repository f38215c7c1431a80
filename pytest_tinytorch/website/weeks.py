"""Learning paths week by week: modules in order, each given time by its difficulty."""

from __future__ import annotations

from pytest_tinytorch.course.curriculum import Curriculum, NamedCheckpoints, Unit
from pytest_tinytorch.course.options import Options
from pytest_tinytorch.evidence.workspace import chosen_to_borrow
from pytest_tinytorch.website.text import link, table


def plan(units: list[Unit], weeks: int) -> list[list[Unit]]:
    """The modules to work on in each week.

    A module takes time in proportion to its stars, rounded to halves of a week.

    >>> one, two = (Unit("checkpoint", n, n, n, stars=s) for n, s in (("01", 1), ("02", 3)))
    >>> [[unit.number for unit in week] for week in plan([one, two], 2)]
    [['01', '02'], ['02']]
    """
    total = sum(unit.stars for unit in units)
    found: list[list[Unit]] = [[] for _ in range(weeks)]
    done = 0
    for unit in units:
        first = round(2 * weeks * done / total)
        done += unit.stars
        last = max(round(2 * weeks * done / total), first + 1)
        for week in range(first // 2, min((last + 1) // 2, weeks)):
            found[week].append(unit)
    return found


def plans(curriculum: Curriculum, here: str) -> str:
    """A plan for each path: one at its quickest, one at its calmest."""
    parts = []
    for path in curriculum.learning_paths:
        parts.append(f"## {path.name.capitalize()} {{ #{path.name} }}")
        parts.append(f"```sh\npytest -p tinytorch --path {path.name}\n```")
        for weeks in dict.fromkeys(path.weeks.split("-")):
            lines = schedule(curriculum, path, int(weeks), here).splitlines()
            parts.append("\n".join([f'=== "in {weeks} weeks"', "", *(f"    {x}" for x in lines)]))
    return "\n\n".join(parts)


def schedule(curriculum: Curriculum, path: NamedCheckpoints, weeks: int, here: str) -> str:
    """One path as a table of weeks, each milestone in the week in which its last module ends."""
    planned = plan(held(curriculum, path), weeks)
    ends = {unit.id: number for number, week in enumerate(planned) for unit in week}
    proved = [
        (max(ends[need] for need in unit.needs if need in ends), unit)
        for unit in milestones(curriculum, path)
    ]
    rows = [
        (
            str(number + 1),
            ", ".join(link(unit, here) for unit in week),
            ", ".join(link(unit, here) for end, unit in proved if end == number),
        )
        for number, week in enumerate(planned)
    ]
    return table(("week", "work on", "then prove"), rows)


def held(curriculum: Curriculum, path: NamedCheckpoints) -> list[Unit]:
    """The modules of a path."""
    return [unit for unit in curriculum.checkpoints if unit.number in path.numbers]


def milestones(curriculum: Curriculum, path: NamedCheckpoints) -> list[Unit]:
    """The milestones of a path."""
    left_out = borrowed(curriculum, path)
    return [unit for unit in curriculum.milestones if unit.id not in left_out]


def borrowed(curriculum: Curriculum, path: NamedCheckpoints) -> frozenset[str]:
    """Ids of what a path leaves out."""
    return chosen_to_borrow(curriculum, Options(learning_path=path.name))
