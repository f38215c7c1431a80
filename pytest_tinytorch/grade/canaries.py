"""Canaries: specs that the grader plants in a run, some of which must pass and some of which must fail.

Code that makes whatever judges it say yes makes it say yes of them, too. Drawn from a seed that nobody in the
run knows, from the text of the specs alone.
"""

from __future__ import annotations

import ast
import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from functools import lru_cache
from random import Random

import msgspec

from pytest_tinytorch.course.curriculum import Curriculum, Unit, UnitId
from pytest_tinytorch.course.options import WORKSPACE_FILE
from pytest_tinytorch.course.syntax import syntax_tree
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.grade.kit import Kit, own_specs
from pytest_tinytorch.run import linux
from pytest_tinytorch.run.canaries import NEEDED, OWN_BODY, Canary, sites

HELPERS = ("laws", "gradients", "memory", "work")
"""The modules of the kit's specs whose functions judge."""
MEASURES_TIME = frozenset({"stopwatch", "benchmark"})
"""Fixtures of specs that run alone: they are no hosts."""
COUNTING = frozenset({"bytes", "lines"})
"""The kinds of canaries that count; of each a file has one that must fail, where it can."""
OWN_EACH = 2
"""How many canaries that must pass a file of specs gets."""
LEAST_AMOUNT, MOST_AMOUNT = 3.0, 9.0
MOST = 300
"""How many canaries a run has at most: what is said of them has to fit into a pipe."""


@dataclass(frozen=True)
class Ground:
    """Where canaries can be planted in a file of specs.

    Attributes:
        hosts: node ids of specs.
        sites: kind to (node id, statement) of what can be made to fail, in specs without parameters.
        kinds: of canaries with a body of their own.
    """

    hosts: tuple[str, ...]
    sites: Mapping[str, tuple[tuple[str, int], ...]]
    kinds: tuple[str, ...]


@lru_cache(maxsize=256)
def ground_of(path: str, text: str, known: frozenset[str], helpers: frozenset[str]) -> Ground:
    """The ground of one file. Remembered by its text: all submissions of a class have the same.

    Args:
        path: of the file, from the workspace.
        text: what is in it.
        known: the node ids of the file in the manifest.
        helpers: which modules of `HELPERS` are the kit's own.
    """
    tree = syntax_tree(text)
    names = frozenset(imported(tree, helpers))
    found: dict[str, list[tuple[str, int]]] = {}
    hosts: list[str] = []
    for nodeid, function in functions_of(path, tree):
        given = {argument.arg for argument in function.args.args}
        if given & MEASURES_TIME:
            continue
        hosts += sorted(one for one in known if one.partition("[")[0] == nodeid)
        for kind, site in sites(function, names) if nodeid in known else ():
            found.setdefault(kind, []).append((nodeid, site))
    kinds = tuple(kind for kind, needed in NEEDED.items() if needed <= names)
    return Ground(tuple(hosts), {kind: tuple(all_) for kind, all_ in found.items()}, kinds)


def imported(tree: ast.Module, helpers: frozenset[str]) -> Iterator[str]:
    """The names that a file of specs imports from helpers."""
    modules = {f"specs.{name}" for name in helpers}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module in modules:
            yield from (one.name for one in node.names if one.asname is None)


def functions_of(path: str, tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    """(node id, function) of each spec of a file."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
            yield f"{path}::{node.name}", node
        elif isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef) and inner.name.startswith("test"):
                    yield f"{path}::{node.name}::{inner.name}", inner


@dataclass(frozen=True)
class Planting:
    """What is planted in one run, which the grader alone knows.

    Attributes:
        seed: that they were drawn from; empty where none can be planted.
        canaries: the ones.
        secret: by which an answer is known to come from the process that was told it.
    """

    seed: str = ""
    canaries: tuple[Canary, ...] = ()
    secret: str = ""

    @property
    def line(self) -> str:
        """What the process inside is told, and nobody else."""
        return json.dumps(
            {"secret": self.secret, "canaries": [astuple(one) for one in self.canaries]}
        )


def planting(kit: Kit, seed: str = "") -> Planting:
    """What to plant in the next run. Canaries live among workers, which are there on Linux alone.

    Args:
        kit: whose specs are the hosts.
        seed: to draw from; empty for one that nobody knows yet.
    """
    if not linux.is_here():
        return Planting()
    seed = seed or secrets.token_hex(16)
    canaries = draw(seed, kit.files, own_specs(), kit.curriculum)
    return Planting(seed, canaries, secrets.token_hex(16))


def draw(
    seed: str, files: Mapping[str, bytes], own: Mapping[str, bytes], curriculum: Curriculum
) -> tuple[Canary, ...]:
    """The canaries of a run.

    Args:
        seed: other canaries for another one.
        files: path to content of the workspace.
        own: the same of the kit's own specs: where a course has changed what judges, canaries that rely on it
            are left out.
        curriculum: whose specs they are.
    """
    known = frozenset(
        nodeid for all_ in json.loads(files[WORKSPACE_FILE]).values() for nodeid in all_
    )
    paths = [f"specs/{name}.py" for name in HELPERS]
    same = frozenset(n for n, p in zip(HELPERS, paths, strict=True) if files.get(p) == own.get(p))
    helpers = same if "laws" in same else frozenset[str]()
    found: list[Canary] = []
    for path in sorted({nodeid.partition("::")[0] for nodeid in known} & files.keys()):
        if (unit := curriculum.unit_of_spec(path)) is not None:
            own_ids = frozenset(one for one in known if one.startswith(f"{path}::"))
            ground = ground_of(path, files[path].decode("utf-8"), own_ids, helpers)
            found += drawn_for(unit, ground, Random(f"{seed} {path}"))
    Random(seed).shuffle(found)
    return tuple(found[:MOST])


def drawn_for(unit: Unit, ground: Ground, random: Random) -> list[Canary]:
    """The canaries of one file: of each kind one that must fail, and some that must pass.

    Milestones train for seconds, so those get bodies of their own. One that asks the code under test stands
    behind its host: what a call imports decides what Hypothesis draws next, and all draw the same. One that
    must fail is the first of its name, for code that lets each spec pass the first time; its host is not the
    first spec, since no such code has run by then.
    """
    if not ground.hosts:
        return []

    def planted(kind: str, passes: bool, spec: str, site: int, ahead: bool) -> Canary:
        amount = random.uniform(LEAST_AMOUNT, MOST_AMOUNT)
        return Canary(spec, kind, passes, site, ahead, amount)

    places = {} if unit.is_milestone else ground.sites
    found = [planted(k, False, *random.choice(all_), False) for k, all_ in sorted(places.items())]
    kinds = [*ground.kinds]
    wrong = [kind for kind in kinds if kind in COUNTING]
    wrong += [] if places else [random.choice(kinds)]
    right = random.sample(kinds, min(OWN_EACH, len(kinds)))
    kind = random.choice([kind for kind in kinds if kind != "plain"] or kinds)
    first = random.choice(ground.hosts[1:] or ground.hosts)
    found.append(planted(kind, False, first, OWN_BODY, True))
    for kind, passes in [(k, False) for k in wrong] + [(k, True) for k in right]:
        host = random.choice(ground.hosts)
        ahead = host != first and random.random() < 0.5
        found.append(planted(kind, passes, host, OWN_BODY, ahead))
    return found


@dataclass(frozen=True)
class Heard:
    """What canaries came to.

    Attributes:
        wrong: what is wrong with those of the wrong color, in a line each.
        silent: whether one did not run whose unit is passed: nothing can be said of that run.
    """

    wrong: tuple[str, ...] = ()
    silent: bool = False


def heard(
    canaries: Sequence[Canary],
    text: str,
    states: Mapping[UnitId, State],
    curriculum: Curriculum,
) -> Heard:
    """Compare what canaries came to with what they must.

    One that must fail and has passed is wrong whatever else happened. One that must pass may fail where the
    code under test crashes or uses up the memory; where its unit is passed, nothing of the kind has happened.

    Args:
        canaries: of the run.
        text: what the run says of them.
        states: unit id to what the run says of it.
        curriculum: whose specs they are.
    """
    try:
        came_to = dict(msgspec.json.decode(text, type=list[tuple[int, State]]))
    except (msgspec.DecodeError, msgspec.ValidationError):
        return Heard(silent=True)
    wrong, silent = [], False
    for number, canary in enumerate(canaries):
        unit = curriculum.unit_of_spec(canary.spec)
        state = came_to.get(number, State.NOT_RUN)
        passed = unit is not None and states.get(unit.id) == State.PASSED
        if state == State.PASSED and not canary.passes:
            wrong.append(f"{canary.spec} passed with a wrong function planted ({canary.kind})")
        elif passed and state in (State.NOT_RUN, State.LOCKED):
            silent = True
        elif passed and canary.passes and state != State.PASSED:
            wrong.append(f"{canary.spec} was {state} with a right function planted ({canary.kind})")
    return Heard(tuple(wrong), silent)
