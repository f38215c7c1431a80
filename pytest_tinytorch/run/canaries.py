"""What a canary is: a spec under its own name with a planted function in it. Pure, from source to source.

A spec that is the host of a canary runs once more, at another time, and what comes of that is the grader's
to know. Name, place and law are the host's. A canary that must fail asks the code under test the same as its
host does; only what comes back, or what is expected, is another one.
"""

from __future__ import annotations

import ast
from collections.abc import Collection
from dataclasses import dataclass

from pytest_tinytorch.course.syntax import syntax_tree

PLANTED = "planted"
"""What the body of a canary knows the planted functions by; see `run.decoys`."""
COMPARING = ("assert_close", "assert_equal")
CHECKING = ("check_gradient", "check_rule")
MEASURING = ("peak_bytes", "peak_of", "lines_run")
OWN_BODY = -1
"""The site of a canary that has a body of its own instead of its host's."""
BODIES = {
    ("values", True): "assert_close(planted.copied(planted.numbers), planted.numbers)",
    ("values", False): "assert_close(planted.other(planted.numbers), planted.numbers)",
    ("conditions", True): "expect(planted.holding(True), 'what holds', 'what does not')",
    ("conditions", False): "expect(planted.failing(True), 'what holds', 'what does not')",
    ("errors", True): "with raises(ValueError, naming='dim 3'):\n    planted.refusing('dim 3')",
    ("errors", False): "with raises(ValueError, naming='dim 3'):\n    planted.copied('dim 3')",
    (
        "gradients",
        True,
    ): "with planted.tensors():\n    check_gradient(planted.sloped, planted.numbers)",
    (
        "gradients",
        False,
    ): "with planted.tensors():\n    check_gradient(planted.bent(planted.sloped), planted.numbers)",
    (
        "bytes",
        True,
    ): "_, peak = peak_bytes(planted.filling)\nexpect(peak >= planted.size, 'many', str(peak))",
    (
        "bytes",
        False,
    ): "_, peak = peak_bytes(planted.filling)\nexpect(peak < planted.size / 2, 'few', str(peak))",
    ("lines", True): "lines = lines_run(planted.stepping)\nexpect(lines >= 40, 'many', str(lines))",
    ("lines", False): "lines = lines_run(planted.stepping)\nexpect(lines < 20, 'few', str(lines))",
    ("plain", True): "assert planted.copied(7) == 7",
    ("plain", False): "assert planted.other(7) == 7",
}
"""Kind and whether it must pass to a body that needs neither the code under test nor fixtures."""
NEEDED = {
    "values": {"assert_close"},
    "conditions": {"expect"},
    "errors": {"raises"},
    "gradients": {"check_gradient"},
    "bytes": {"peak_bytes", "expect"},
    "lines": {"lines_run", "expect"},
    "plain": set[str](),
}
"""Kind to the helpers that a file of specs has to import for such a body."""


@dataclass(frozen=True)
class Canary:
    """One canary of a run.

    Attributes:
        spec: the node id of its host.
        kind: the helper that judges, ``counts`` for a condition on what was measured, or one of `NEEDED`.
        passes: whether it must pass; if not, it must fail.
        site: the statement of its host that it changes, or `OWN_BODY`.
        ahead: whether it runs right ahead of its host; if not, right behind it.
        amount: the number that planted functions compute with.
    """

    spec: str
    kind: str
    passes: bool
    site: int
    ahead: bool
    amount: float


def sites(function: ast.FunctionDef, helpers: Collection[str]) -> list[tuple[str, int]]:
    """(kind, number) of each statement of a spec that decides about it whenever the spec comes to its end.

    None of a spec that may end before.

    Args:
        function: the spec.
        helpers: the names in its file that are helpers of the kit's specs.
    """
    if any(isinstance(node, ast.Return | ast.Yield) for node in ast.walk(function)):
        return []
    counted = any(isinstance(n, ast.Name) and n.id in MEASURING for n in ast.walk(function))
    found = [(_kind(node, helpers), number) for number, node in enumerate(function.body)]
    return [
        ("counts" if counted and kind == "expect" else kind, number)
        for kind, number in found
        if kind
    ]


def _kind(node: ast.stmt, helpers: Collection[str]) -> str:
    """What a statement judges; nothing if a canary cannot tell."""
    match node:
        case ast.Expr(ast.Call(ast.Name(name), [first, *_])) if name in helpers:
            judges = name in ("expect", *COMPARING, *CHECKING)
            return name if judges and not isinstance(first, ast.Starred) else ""
        case ast.With([ast.withitem(ast.Call(ast.Name("raises")), None)]) if "raises" in helpers:
            return "raises"
        case ast.Assert():
            return "assert"
    return ""


def rewritten(function: ast.FunctionDef, canary: Canary) -> ast.Module:
    """A module with a function ``make(planted)`` that gives the canary; its lines are those of the host."""
    own = canary.site == OWN_BODY
    twin = _with_own_body(function, canary) if own else _with_other_site(function, canary.site)
    given = ast.Return(ast.Name(function.name, ast.Load()))
    maker = _function(f"def make({PLANTED}): pass")
    maker.body = [twin, ast.copy_location(given, function.body[-1])]
    return ast.fix_missing_locations(ast.Module([maker], []))


def _with_own_body(function: ast.FunctionDef, canary: Canary) -> ast.FunctionDef:
    body = syntax_tree(BODIES[canary.kind, canary.passes]).body
    for node in (inner for one in body for inner in ast.walk(one)):
        ast.copy_location(node, function.body[-1])
    own = [argument.arg for argument in function.args.args[:1] if argument.arg == "self"]
    twin = _function(f"def {function.name}({''.join(own)}): pass")
    told = function.body[:1] if ast.get_docstring(function) else []
    twin.body = [*told, *body]
    return ast.copy_location(twin, function)


def _with_other_site(function: ast.FunctionDef, site: int) -> ast.FunctionDef:
    body = [*function.body]
    body[site] = _failing(body[site])
    kept = [one for one in function.decorator_list if not _speaks_of_settings(one)]
    twin = _function(f"def {function.name}(): pass")
    twin.args, twin.body, twin.decorator_list = function.args, body, kept
    return ast.copy_location(twin, function)


def _function(text: str) -> ast.FunctionDef:
    node = syntax_tree(text).body[0]
    assert isinstance(node, ast.FunctionDef)
    return node


def _speaks_of_settings(decorator: ast.expr) -> bool:
    """Whether a decorator is `settings` of Hypothesis: a canary has its own."""
    return isinstance(decorator, ast.Call) and ast.unparse(decorator.func).endswith("settings")


def _failing(node: ast.stmt) -> ast.stmt:
    """A statement that breaks the law whatever the code under test gives."""
    match node:
        case ast.Assert(test, message):
            return ast.copy_location(ast.Assert(_planted("failing", test), message), node)
        case ast.Expr(ast.Call(ast.Name(name) as function, [first, *rest], keywords) as call):
            which = "other" if name in COMPARING else "bent" if name in CHECKING else "failing"
            changed = ast.Call(function, [_planted(which, first), *rest], keywords)
            return ast.copy_location(ast.Expr(ast.copy_location(changed, call)), node)
        case ast.With(items, body):
            quiet = ast.withitem(ast.copy_location(_planted("quiet"), node), None)
            inner = ast.copy_location(ast.With([quiet], body), body[0])
            return ast.copy_location(ast.With(items, [inner]), node)
    raise ValueError(f"no canary can be made of {ast.unparse(node)!r}")


def _planted(name: str, *arguments: ast.expr) -> ast.Call:
    function = ast.Attribute(ast.Name(PLANTED, ast.Load()), name, ast.Load())
    made = ast.Call(function, [*arguments], [])
    if arguments:
        for node in (made, function, function.value):
            ast.copy_location(node, arguments[0])
    return made
