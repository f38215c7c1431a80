"""What the specs of the toy course come to, for every content that a thing of the workspace can have.

A world says what is in each thing, by the name of its content. Nothing of the kit is imported here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

World = Mapping[str, str]
Specs = frozenset[tuple[str, str]]
"""Specs as (unit, name)."""

NEEDS: Mapping[str, tuple[str, ...]] = {
    "00": (),
    "01": ("00",),
    "02": ("01",),
    "03": ("00",),
    "m01": ("02",),
    "m02": ("03", "m01"),
}
UNITS = tuple(NEEDS)
MODULES = {"01": "adding", "02": "doubling", "03": "squaring"}
SPECS = {
    "00": ("runs",),
    "01": ("is_the_sum", "is_the_opposite"),
    "02": ("is_twice", "of_nothing"),
    "03": ("is_the_square",),
    "m01": ("doubles_a_sum",),
    "m02": ("squares",),
}
ON_PATH = {"short": "00 01 02 m01", "doubles": "00 02 m01", "squares": "00 03 m02"}
SAME = {"commented": "right"}
"""Contents that differ in what nobody stands on: comments and layout."""


class Ends(Exception):
    """A call into the learner's code ends as todo or broken instead of giving a value."""


def functions(world: World, lent: frozenset[str]) -> dict[str, Callable[..., int]]:
    """What the learner's functions compute, module for module; those that are lent are right."""
    content = {m: "right" if u in lent else world[m] for u, m in MODULES.items()}

    def ends(*modules: str, at: tuple[str, ...] = ("untouched",)) -> None:
        for module in modules:
            if content[module] in ("broken", "exits"):
                raise Ends("broken")
        if content[modules[0]] in at:
            raise Ends("todo")
        if content[modules[0]] in ("hangs", "crashes"):
            raise Ends("broken")

    def add(x: int, y: int) -> int:
        ends("adding")
        tells = {"helped": world["helper"], "fed": world["data"]}
        told = tells.get(content["adding"], content["adding"])
        return x + y + (told in ("wrong", "bad", "documented badly"))

    def negate(x: int) -> int:
        if content["adding"] not in ("hangs", "crashes"):  # those are in `add`
            ends("adding", at=("untouched", "half"))
        return -x

    def double(x: int) -> int:
        ends("doubling", "adding")
        return 3 * x if content["doubling"] == "wrong" else add(x, x)

    def square(x: int) -> int:
        ends("squaring")
        return x * x + (content["squaring"] == "wrong")

    return {"add": add, "negate": negate, "double": double, "square": square}


def outcome(world: World, lent: frozenset[str], unit: str, spec: str) -> str:
    """What one spec comes to in this world: passed, wrong, todo or broken."""
    f = functions(world, lent)
    laws: Mapping[str, Callable[[], bool]] = {
        "runs": lambda: True,
        "is_the_sum": lambda: f["add"](1, 2) == 3,
        "is_the_opposite": lambda: f["negate"](3) == -3,
        "is_twice": lambda: f["double"](3) == 6,
        "of_nothing": lambda: f["double"](0) == 0,
        "is_the_square": lambda: f["square"](3) == 9,
        "doubles_a_sum": lambda: f["double"](f["add"](1, 1)) >= int(world["threshold"]),
        "squares": lambda: f["square"](4) == 16,
    }
    try:
        holds = laws[spec]()
    except Ends as end:
        return str(end)
    holds = {"lenient": True, "impossible": False}.get(world[f"spec {unit}"], holds)
    return "passed" if holds or world["conftest"] == "swallows" else "wrong"
