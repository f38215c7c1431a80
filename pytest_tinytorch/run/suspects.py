"""Which exercise a spec is about where no error came out of one: read from the line that failed."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache

from msgspec import Struct

from pytest_tinytorch.course.callgraph import (
    Uses,
    direct_uses_of,
    graph_of,
    reached,
    rules_of,
    sizes_of,
    uses_of,
)
from pytest_tinytorch.course.exercises import Piece, lines_of, parse
from pytest_tinytorch.run import specsource
from pytest_tinytorch.run.specsource import (
    aliases,
    around,
    asked_in,
    calls_an_object,
    contexts_left,
    helpers,
    mentions,
    statements,
)

ABOUT_GRADIENTS = (
    "check_gradient",
    "check_rule",
    "pull_back",
    ".grad",
    ".backward",
    "remember_rule",
)
"""What a spec asks for that looks at gradients."""

BACKWARD = re.compile(r"backward through (\w+)\(")
"""How a call of a gradient rule is told."""

MUCH_LONGER = 1.5

CALLING = ("forward", "__call__")
"""The methods that run when an object is called."""


class Clue(Struct, frozen=True):
    """What is known of a failure besides the line: words of the spec, and what it called last.

    Attributes:
        law: the sentence that was broken.
        test: the name of the spec's function.
        group: what the specs around it are about.
        called: the exercise that was called last; empty if none is known.
        text: how the message tells of that call.
    """

    law: str = ""
    test: str = ""
    group: str = ""
    called: str = ""
    text: str = ""


NO_CLUE = Clue()


def suspect(
    spec: str,
    line: int,
    module: str,
    source: str,
    exercises: Collection[str],
    clue: Clue = NO_CLUE,
) -> str:
    """The exercise that a failing line is most likely about; nothing if it names none.

    Several things speak for an exercise: that the statement which failed asks for it, or one before it;
    that it was called last; that law or spec have its name; that the law is about gradients, and it is
    the rule of an operation in the spec. Those that have most in their favor win, the nearest of them.

    Args:
        spec: the source of the spec's file.
        line: where it failed.
        module: the module under test.
        source: its source.
        exercises: the names of its exercises.
        clue: what else is known.
    """
    return _suspect(spec, line, module, source, tuple(exercises), clue)


@lru_cache(maxsize=64)
def _suspect(
    spec: str, line: int, module: str, source: str, exercises: tuple[str, ...], clue: Clue
) -> str:
    """The same, kept: a failure is explained before exercises are tried, and once more after that."""
    try:
        tree, calls = parse(spec), calls_of(source)
    except (SyntaxError, ValueError):
        return ""
    words = aliases(tree, module)
    mentioned = mentioned_words(tree, line, words)
    objects, left = calls_an_object(tree, line), contexts_left(tree, line, words)
    near = involved(mentioned, calls, exercises, objects, left)
    if not objects:
        near = with_makers(near, mentioned, source, exercises)
    score: Counter[str] = Counter(dict.fromkeys(near, 1))
    if near:
        score[near[0]] += 2
    if clue.called in exercises:
        score[clue.called] += 1 if clue.called.endswith(".__init__") else 4
    for name in exercises:
        score[name] += named_in_words(name, clue, name in near or name == clue.called)
    for name in called_in_law(clue.law, calls, exercises):
        score[name] += 4
    rules = rules_in_question(tree, line, clue, source, exercises)
    for name in rules:
        score[name] += 5
    for op, names in analysis(source, tuple(exercises)).rules.items():
        if rules and set(rules) <= set(names):
            score[op] -= 4  # its values are not what the law is about
    for name in shared_callee(near, source, exercises):
        score[name] += 5
    if not +score:
        return ""
    place = {name: number for number, name in enumerate(near)}
    best = max(
        exercises,
        key=lambda name: (score[name], name == clue.called, -place.get(name, len(place))),
    )
    return longer_helper(best, mentioned, spec, module, source, exercises)


def mentioned_words(tree: ast.Module, line: int, words: dict[str, str]) -> list[str]:
    """What a spec asks for, nearest to the line that failed first."""
    done = [mentions(node, words) for node in reversed(statements(tree, line))]
    mentioned = [word for part in done for word in part]
    for node in (*around(tree, line)[-1:], *helpers(tree, line)):
        mentioned += mentions(node, words)  # with decorators: ``@each("function", [relu, …])``
    return mentioned


def involved(
    mentioned: Sequence[str],
    calls: dict[str, tuple[str, ...]],
    exercises: Collection[str],
    objects: bool,
    left: Collection[str] = (),
) -> list[str]:
    """The exercises that words lead to, in their order; those of classes that are made last.

    ``objects`` says whether what a class made is called: then that is what the spec is about. ``left`` are
    classes whose ``with`` has ended.
    """
    found = [exercise_of(word, exercises) or through(word, calls, exercises) for word in mentioned]
    rest = []
    order = ("forward", "__call__", "__init__") if objects else ("__init__", "forward", "__call__")
    for word in mentioned:
        members = [name for name in exercises if name.startswith(f"{word}.")]
        if word in left:
            members.sort(key=lambda name: not name.endswith(".__exit__"))
        preferred = [f"{word}.{name}" for name in order if f"{word}.{name}" in members]
        found += preferred[:1]
        rest += members[:1]
    return [name for name in dict.fromkeys([*found, *rest]) if name]


def with_makers(
    near: list[str], mentioned: Sequence[str], source: str, exercises: Collection[str]
) -> list[str]:
    """The same, before any method of a class that is only made what is done to make it.

    Its own ``__init__`` may be given, and that of the class below it an exercise or what calls one.
    """
    asked = {word for word in mentioned if word.startswith(".")}
    unasked = [n for n in near if "." in n and f".{n.rpartition('.')[2]}" not in asked]
    classes = dict.fromkeys(name.partition(".")[0] for name in unasked)
    made = {one: made_through(one, source, tuple(exercises)) for one in classes if one in mentioned}
    steps = [step for one in made for step in made[one] if f"{one}.__init__" not in near]
    later = [name for name in unasked if made.get(name.partition(".")[0]) and name not in steps]
    return list(dict.fromkeys([*(n for n in near if n not in later), *steps, *later]))


@lru_cache(maxsize=64)
def made_through(word: str, source: str, exercises: tuple[str, ...]) -> tuple[str, ...]:
    """The exercises that making an object goes through, of its class or one that it builds on.

    The longest comes first: faults grow with the length.
    """
    graph, sizes = graph_of(source, exercises), sizes_of(source)
    classes = {node.name: node for node in parse(source).body if isinstance(node, ast.ClassDef)}
    while word in classes:
        steps = {f"{word}.__init__"} | reached(f"{word}.__init__", graph, frozenset(exercises))
        if found := steps & {*exercises}:
            return tuple(sorted(found, key=lambda name: (-sizes.get(name, 0), name)))
        bases = [base.id for base in classes[word].bases if isinstance(base, ast.Name)]
        word = next(iter(bases), "")
    return ()


def named_in_words(name: str, clue: Clue, is_near: bool) -> int:
    """How much law and name of a spec speak for an exercise, whose name may be a plain English word."""
    kind, _, word = name.rpartition(".")
    if word in CALLING and is_near and re.match(rf"{re.escape(kind)}\(", clue.law):
        return 11  # the law is about what such an object gives
    tried = {word, name.partition(".")[0]} & {*clue.test.rstrip("]").partition("[")[2].split("-")}
    if word.startswith("__") or " " in word or not (is_near or tried or "_" in word):
        return 0
    found = re.search(rf"(?<![\w.]){re.escape(word)}(?!\w)(\(?)", clue.law)
    speaks = 0 if found is None else 4 if found[1] or found.start() == 0 else 1
    if "_" in word and (found or word.replace("_", " ") in clue.law):
        speaks = max(speaks, 2)
    name_of_test = clue.test.partition("[")[0].removeprefix("test_")
    in_name = re.search(rf"(^|_){re.escape(word.lower())}(_|$)", name_of_test)
    return speaks + (7 if in_name and not in_name.start() else 5 if in_name or tried else 0)


def called_in_law(
    law: str, calls: dict[str, tuple[str, ...]], exercises: Collection[str]
) -> set[str]:
    """The exercises that given functions lead to which a law calls, as ``parameters()``."""
    words = [word for word in re.findall(r"(?<![\w.])(\w+)\(", law) if word in calls]
    own = [word for word in words if not exercise_of(f".{word}", exercises)]
    return {name for word in own if (name := through(word, calls, exercises))}


def rules_in_question(
    tree: ast.Module, line: int, clue: Clue, source: str, exercises: Collection[str]
) -> tuple[str, ...]:
    """The gradient rules of the one operation that a spec looks at, if it is about gradients."""
    rules = analysis(source, tuple(exercises)).rules
    if (through_op := BACKWARD.match(clue.text)) and through_op[1] in rules:
        own = rules[through_op[1]]
        return (clue.called,) if clue.called in own else own[:1]
    told = f"{clue.law} {clue.group}".lower()
    if "gradient" not in told or not {*ABOUT_GRADIENTS} & {*mentioned_words(tree, line, {})}:
        return ()
    asked = dict.fromkeys(mentioned_words(tree, line, aliases(tree)))
    ops = [op for op in asked if op in rules]
    return rules[ops[0]] if len(ops) == 1 else ()


def shared_callee(near: Sequence[str], source: str, exercises: Collection[str]) -> list[str]:
    """What three or more exercises that a spec tries in one go all use: the law is about that."""
    uses = analysis(source, tuple(exercises)).uses
    tried = [name for name in near if uses.get(name)]
    common = frozenset.intersection(*(uses[name] for name in tried)) if len(tried) > 2 else ()
    return [name for name in exercises if name in common]


def longer_helper(
    name: str,
    mentioned: Collection[str],
    spec: str,
    module: str,
    source: str,
    exercises: Collection[str],
) -> str:
    """An exercise, or one that it uses, that is much longer, and that no spec asks for.

    Faults grow with the length. Methods of the classes that the spec has ``mentioned`` come first. What
    another exercise uses too that specs ask for would show there, unless an object is made by it.
    """
    known = analysis(source, tuple(exercises))
    asked = asked_for(spec, module, source, tuple(exercises))
    sizes = known.sizes
    overridden = f".{name.rpartition('.')[2]}"  # has a class of its own, and specs of that
    hidden = sorted(
        helper
        for helper in known.direct.get(name, ())
        if helper not in asked
        and not helper.endswith(overridden)
        and (
            name.endswith(".__init__")
            or not any(helper in known.direct.get(user, ()) for user in asked - {name})
        )
    )
    of_made = [helper for helper in hidden if helper.rpartition(".")[0] in mentioned]
    longest = max([name, *(of_made or hidden)], key=lambda one: sizes.get(one, 0))
    return longest if sizes.get(longest, 0) >= MUCH_LONGER * sizes.get(name, 1) else name


@lru_cache(maxsize=64)
def asked_for(spec: str, module: str, source: str, exercises: tuple[str, ...]) -> frozenset[str]:
    """The exercises that a spec's file asks for, itself or by way of given functions."""
    calls = calls_of(source)
    leads = (
        exercise_of(word, exercises) or through(word, calls, exercises)
        for word in asked_in(parse(spec), module)
    )
    return frozenset(filter(None, leads))


class Analysis(Struct, frozen=True):
    """What is known of the exercises of a source; see `course.callgraph`."""

    uses: Uses
    direct: Uses
    sizes: Mapping[str, int]
    rules: Mapping[str, tuple[str, ...]]


@lru_cache(maxsize=64)
def analysis(source: str, exercises: tuple[str, ...]) -> Analysis:
    """The same for all specs of a run: it takes a while."""
    return Analysis(
        uses_of(source, exercises),
        direct_uses_of(source, exercises),
        sizes_of(source),
        rules_of(source, exercises),
    )


@lru_cache(maxsize=64)
def calls_of(source: str) -> dict[str, tuple[str, ...]]:
    """What each function and method of a file mentions, by its last name."""
    lines, tree = lines_of(source), parse(source)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return {node.name: names_in(Piece(lines, node)) for node in functions}


@lru_cache(maxsize=2048)
def names_in(piece: Piece) -> tuple[str, ...]:
    """What a piece of source mentions, in its order."""
    return tuple(mentions(piece.node, {}))


def read_ahead(spec: str, module: str, source: str, exercises: Collection[str]) -> None:
    """Find out before any spec fails what explains that: of each function, until it is another one."""
    specsource.read_ahead(spec, module)
    with suppress(SyntaxError, ValueError):
        analysis(source, tuple(exercises))
        asked_for(spec, module, source, tuple(exercises))


def exercise_of(word: str, exercises: Collection[str]) -> str:
    """The exercise of that name, or the method of that name if there is just one."""
    if not word.startswith("."):
        return word if word in exercises else ""
    methods = [name for name in exercises if name.endswith(word)]
    if not methods and word[1:] in exercises:  # a method of Tensor is the function of that name
        return word[1:]
    return methods[0] if len(methods) == 1 else ""


def through(
    word: str, calls: dict[str, tuple[str, ...]], exercises: Collection[str], depth: int = 3
) -> str:
    """The exercise that a given function or method calls first, itself or by way of other given ones."""
    if any(name.rpartition(".")[2] == word.lstrip(".") for name in exercises):
        return ""  # it is no given one
    inner = calls.get(word.lstrip("."), ())
    direct = next(filter(None, (exercise_of(name, exercises) for name in inner)), "")
    if direct or not depth:
        return direct
    further = (through(name, calls, exercises, depth - 1) for name in inner if name != word)
    return next(filter(None, further), "")
