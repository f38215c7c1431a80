"""What a failed spec did, as a short program that a learner can paste.

It is read from the spec's source and its variables.

Of the statements before the one that failed those are kept that what failed depends on. Numbers and arrays
stand there as they were, helpers of the specs as what they do, `call` and `ask` as plain calls.
"""

import ast
import builtins
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from specs.descriptions import code
from specs.framework import Lazy
from specs.rewriting import Rewriter
from specs.sources import (
    CannotTell,
    Value,
    function_at,
    held_in,
    is_frameworks,
    is_law,
    is_plain,
    is_unknown,
    names_in,
    stored_in,
    unknown,
)

LINES, LONGEST, WIDEST = 12, 1000, 300
"""How many lines a program has at most, and characters, and characters of a line: more is read by nobody."""

COMPARING = (
    *("assert_equal", "assert_close", "assert_shape", "assert_dtype"),
    *("assert_finite", "assert_no_alias", "assert_same"),
)
"""Laws that say something of their first argument."""


def program_of(error: BaseException) -> str:
    """The program that shows what a spec found wrong; empty if what is told of its call says as much.

    It is empty too where none is short enough.
    """
    frames = spec_frames(error.__traceback__)
    if not frames or isinstance(error, NotImplementedError):
        return ""
    try:
        return written(frames, error, str(getattr(error, "called", None) or ""))
    except Exception:  # whatever the values of the learner's do: what failed is told all the same
        return ""


def spec_frames(traceback: TracebackType | None) -> list[tuple[FrameType, int]]:
    """The function of a spec that an error came through, and the helpers below it, each with its line there.

    What Hypothesis makes of the spec has its name too, and comes before.
    """
    found: list[tuple[FrameType, int]] = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if Path(code.co_filename).name.startswith("test_") and code.co_name.startswith("test_"):
            found = []
        found.append((traceback.tb_frame, traceback.tb_lineno))
        traceback = traceback.tb_next
    is_spec = found and found[0][0].f_code.co_name.startswith("test_")
    return found if is_spec else []


def written(frames: Sequence[tuple[FrameType, int]], error: BaseException, told: str) -> str:
    """The program of a spec that failed on a line."""
    frame, line = frames[0]
    names = frame.f_globals
    function = function_at(frame.f_code.co_filename, frame.f_code.co_firstlineno)
    writer = Rewriter(names, frame.f_locals, function)
    before, failed = statements_until(function.body, line, frame.f_locals)
    done = [part for statement in before for part in writer.statements(statement)]
    while (entered := writer.entered(failed, frames)) is not None:
        helper, frame, line = entered
        before, failed = statements_until(helper.body, line, frame.f_locals)
        done += [part for statement in before for part in writer.statements(statement)]
    if is_gradient(failed):
        found = gradient(failed, error, writer)
    else:
        parts = asked(failed, line)
        is_told = is_call(parts[-1], before, {**names, **frame.f_locals})
        if told and is_told and can_be_pasted(told, names):
            return ""
        found = [part for one in parts[:-1] for part in writer.target(one)]
        found += writer.target(parts[-1], asked=True)
    done += found[:-1]
    text = writer.text(brief([*needed(done, found[-1:]), *found[-1:]]))
    text = with_imports(text, writer.modules, names)
    is_about = any(re.search(rf"\b{name}\b", text) for name in writer.modules)
    return text if is_about and can_be_pasted(text, names) else ""


def brief(program: list[ast.stmt]) -> list[ast.stmt]:
    """A program without a name for what it only asks for: ``f(x)`` for ``y = f(x)`` and ``y``."""
    *_, made, last = [None, None, *program]
    if not (isinstance(made, ast.Assign) and isinstance(last, ast.Expr)):
        return program
    is_all = ast.unparse(made.targets[0]) == ast.unparse(last.value)
    return [*program[:-2], ast.Expr(made.value)] if is_all else program


def is_call(node: ast.stmt, before: Sequence[ast.stmt], names: dict[str, Any]) -> bool:
    """Whether a statement is a call of a function that is told anyway, or asks for what such a call gave."""
    value = node.value if isinstance(node, ast.Expr) else None
    if isinstance(value, ast.Name):
        name = value.id
        made = [n.value for n in before if isinstance(n, ast.Assign) and name in stored_in(n)]
        value = made[-1] if made else None
    if not (isinstance(value, ast.Call) and is_law(value, "call", "ask") and value.args):
        return False
    function = value.args[0]
    called = names.get(function.id) if isinstance(function, ast.Name) else None
    return isinstance(called, Lazy) or is_frameworks(called)


def is_gradient(node: ast.stmt) -> bool:
    """Whether a statement demands a right gradient."""
    return isinstance(node, ast.Expr) and is_law(node.value, "check_gradient")


def gradient(node: ast.stmt, error: BaseException, writer: Rewriter) -> list[ast.stmt]:
    """What `check_gradient` did: Tensors, the function, backward, and the gradient that it looked at."""
    values = variables_of("check_gradient", error.__traceback__)
    call = getattr(node, "value", None)
    if not isinstance(call, ast.Call) or "incoming" not in values:
        raise CannotTell
    function = call.args[0]
    own = [arg.arg for arg in function.args.args] if isinstance(function, ast.Lambda) else []
    own = own[: len(values["point"])]
    names = [writer.fresh(n) for n in (own or "xyzuvw"[: len(values["point"])])]
    tensors = [writer.written(f"{code(one)[:-1]}, requires_grad=True)") for one in values["point"]]
    if not all(is_plain(one) for one in (*values["point"], values["incoming"])):
        raise CannotTell
    made: list[ast.stmt] = [
        ast.Assign([ast.Name(name, ast.Store())], tensor, lineno=0)
        for name, tensor in zip(names, tensors, strict=True)
    ]
    given: list[ast.expr] = [ast.Name(name, ast.Load()) for name in names]
    out = writer.applied(function, given)
    incoming = writer.written(code(values["incoming"], "np.array"))
    backward = ast.Call(ast.Attribute(out, "backward", ast.Load()), [incoming], [])
    grad = ast.Attribute(given[values.get("position", 0)], "grad", ast.Load())
    return [*made, ast.Expr(backward), ast.Expr(grad)]


def variables_of(name: str, traceback: TracebackType | None) -> dict[str, Any]:
    """The variables of a function that an error came through; none if it did not."""
    while traceback is not None:
        if traceback.tb_frame.f_code.co_name == name:
            return dict(traceback.tb_frame.f_locals)
        traceback = traceback.tb_next
    return {}


def statements_until(
    body: Sequence[ast.stmt], line: int, values: Mapping[str, Any]
) -> tuple[list[ast.stmt], ast.stmt]:
    """What was done before a line, and the statement on it. Blocks around the line are taken apart.

    Variables of a loop have the values of the time that failed.
    """
    done: list[ast.stmt] = []
    for node in body:
        if not node.lineno <= line <= (node.end_lineno or line):
            done.append(node)
            continue
        blocks = [getattr(node, name, []) for name in ("body", "orelse", "finalbody")]
        inner = next(
            (b for b in blocks if b and b[0].lineno <= line <= (b[-1].end_lineno or 0)), []
        )
        if not inner or is_raises(node) or isinstance(node, ast.FunctionDef | ast.ClassDef):
            return done, node
        if isinstance(node, ast.With):
            done += [
                ast.Expr(item.context_expr) for item in node.items if not is_law(item.context_expr)
            ]
        if isinstance(node, ast.For):
            done += carried(node, values) + turn_of(node.target, node.iter, values)
        before, failed = statements_until(inner, line, values)
        return done + before, failed
    raise CannotTell


def carried(node: ast.For, values: Mapping[str, Any]) -> list[ast.stmt]:
    """Stands for the turns of a loop before the one that failed, if these did something to what was there."""
    if is_first_turn(node, values):
        return []
    own = {name for part in node.body for name in stored_in(part)} | set(stored_in(node.target))
    acts = [part for part in node.body if not isinstance(part, ast.Assign) or held_in(part)]
    acts = [part for part in acts if not (isinstance(part, ast.Expr) and is_law(part.value))]
    acts += [p for p in node.body if isinstance(p, ast.Assign) and is_law(p.value, "ask", "call")]
    held = {name for part in acts for name in names_in(part)} - own
    names = [ast.Name(name, ast.Load()) for name in sorted(held)]
    return [unknown(ast.Expr(ast.Tuple([*names], ast.Load())))] if names else []


def is_first_turn(node: ast.For, values: Mapping[str, Any]) -> bool:
    """Whether a loop is known to have failed in its first turn."""
    over, target = node.iter, node.target
    name = ast.unparse(over.func) if isinstance(over, ast.Call) else ""
    if isinstance(over, ast.Call) and name == "enumerate" and isinstance(target, ast.Tuple):
        start = [k.value.value for k in over.keywords if isinstance(k.value, ast.Constant)]
        return bool(values.get(ast.unparse(target.elts[0])) == (start or [0])[0])
    if name == "range" and isinstance(over, ast.Call) and len(over.args) == 1:
        return bool(values.get(ast.unparse(target)) == 0)
    columns = over.args if name == "zip" and isinstance(over, ast.Call) else [over]
    targets = target.elts if name == "zip" and isinstance(target, ast.Tuple) else [target]
    pairs = zip(targets, columns, strict=False)
    return any(place_of(values.get(ast.unparse(t)), column, values) == 0 for t, column in pairs)


def turn_of(target: ast.expr, over: ast.expr, values: Mapping[str, Any]) -> list[ast.stmt]:
    """What the variables of a loop are in the turn that failed: ``param = params[1]``.

    Which turn that was is found where the loop goes over lists that have names, one or several in step.
    """
    in_step = isinstance(over, ast.Call) and ast.unparse(over.func) == "zip"
    columns = over.args if in_step and isinstance(over, ast.Call) else [over]
    targets = target.elts if in_step and isinstance(target, ast.Tuple) else [target]
    named = [(t.id, c) for t, c in zip(targets, columns, strict=False) if isinstance(t, ast.Name)]
    turns = [place_of(values.get(name), column, values) for name, column in named]
    turn = next((number for number in turns if number is not None), None)
    made: list[ast.stmt] = []
    for name, column in named:
        is_list = isinstance(column, ast.List | ast.Tuple)
        value: ast.expr
        if turn is not None and isinstance(column, ast.List | ast.Tuple):
            value = column.elts[turn]
        elif turn is not None:
            value = ast.Subscript(column, ast.Constant(turn), ast.Load())
        elif is_list and is_plain(values.get(name)):
            value = Value(of=values[name])  # one of the cases that a spec has thought of
        else:
            continue
        made.append(ast.Assign([ast.Name(name, ast.Store())], value, lineno=over.lineno))
    return made


def place_of(value: Any, over: ast.expr, values: Mapping[str, Any]) -> int | None:
    """Where in what a loop goes over a value is; None if that cannot be seen."""
    if isinstance(over, ast.List | ast.Tuple):
        places: Sequence[Any] = [evaluated(part, values) for part in over.elts]
    else:
        found = evaluated(over, values)
        places = found if isinstance(found, list | tuple) else []
    if value is None or isinstance(value, bool | int | float | str):
        return None  # it may be there more than once
    return next((number for number, one in enumerate(places) if one is value), None)


def evaluated(node: ast.expr, values: Mapping[str, Any]) -> Any:
    """What a variable, or an attribute of one, is."""
    if isinstance(node, ast.Name):
        return values.get(node.id)
    if isinstance(node, ast.Attribute):
        return getattr(evaluated(node.value, values), node.attr, None)
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        try:
            return evaluated(node.value, values)[node.slice.value]
        except (TypeError, KeyError, IndexError):
            return None
    return None


def is_raises(node: ast.stmt) -> bool:
    """Whether a statement demands an error of what stands in it."""
    return isinstance(node, ast.With) and any(
        is_law(item.context_expr, "raises") for item in node.items
    )


def asked(failed: ast.stmt, line: int) -> list[ast.stmt]:
    """What is to be done for what failed to be seen: the last of it is what it was about."""
    if isinstance(failed, ast.With) and is_raises(failed):
        others = [item for item in failed.items if not is_law(item.context_expr)]
        if others:
            return [ast.With(others, failed.body)]
        return [*failed.body[:-1], *asked(failed.body[-1], line)]
    value = getattr(failed, "value", None)
    if isinstance(failed, ast.Assign | ast.Return | ast.Expr) and isinstance(value, ast.expr):
        return [ast.Expr(subject(value))]
    if isinstance(failed, ast.For):
        return [ast.Expr(ast.Call(ast.Name("list", ast.Load()), [failed.iter], []))]
    if isinstance(failed, ast.With | ast.Raise | ast.Delete | ast.AugAssign):
        return [failed]
    raise CannotTell


def subject(value: ast.expr) -> ast.expr:
    """What a statement of a spec is about: what it compares, or asks, or calls."""
    if not (isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.args):
        return value
    name = value.func.id
    if name == "expect":
        told = value.args[-1]
        is_text = isinstance(told, ast.Constant | ast.JoinedStr) or is_law(told, "show")
        if is_law(told, "show") and isinstance(told, ast.Call):
            told, is_text = told.args[0], False
        return value.args[0] if is_text else told
    if name == "assert_own":
        return ast.Call(value.args[0], [], [])
    if name in COMPARING:
        return value.args[0]
    if is_law(value):
        raise CannotTell
    return value


def needed(done: Sequence[ast.stmt], last: Sequence[ast.stmt]) -> list[ast.stmt]:
    """The statements that the last one depends on, in their order.

    What is called on something may change it, and so may what is called on what was made of it.
    """
    known = variables(done)
    related: set[str] = set()
    while True:
        kept = slice_of(done, {name for node in last for name in names_in(node)} & known, related)
        more = {name for node in kept for name in stored_in(node)}
        if more <= related:
            return kept
        related |= more


def slice_of(done: Sequence[ast.stmt], wanted: set[str], related: set[str]) -> list[ast.stmt]:
    """The statements that give ``wanted`` names values, or act on them or on ``related`` ones."""
    kept: list[ast.stmt] = []
    known = variables(done)
    for node in reversed(done):
        stored, names = set(stored_in(node)), set(names_in(node))
        acts = not stored and names & (wanted | related)
        if stored & wanted or acts or (has_call(node) and names & wanted):
            if is_unknown(node):
                raise CannotTell
            if isinstance(node, ast.Assign | ast.FunctionDef | ast.ClassDef):
                wanted = wanted - stored
            wanted = wanted | (names & known)
            kept.append(node)
    return kept[::-1]


def has_call(node: ast.stmt) -> bool:
    """Whether a statement calls anything."""
    return any(isinstance(part, ast.Call) for part in ast.walk(node))


def variables(done: Sequence[ast.stmt]) -> set[str]:
    """All names that statements give a value to."""
    return {name for node in done for name in stored_in(node)}


def with_imports(text: str, modules: Mapping[str, str], names: Mapping[str, Any]) -> str:
    """A program, below the imports of what its names are not there without.

    ``import numpy as np``, ``from tinytorch import *`` and the same of the module are a matter of course.
    """
    used = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
    there = imported(names)
    wanted = [name for name in modules if name in used and name not in there]
    return "\n".join([*(f"from tinytorch.{modules[name]} import {name}" for name in wanted), text])


def can_be_pasted(text: str, names: Mapping[str, Any]) -> bool:
    """Whether a program is short, and has only names that are there after the imports."""
    lines = text.splitlines()
    if len(lines) > LINES or len(text) > LONGEST or any(len(x) > WIDEST for x in lines):
        return False
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return False
    lists = [n for n in ast.walk(tree) if isinstance(n, ast.List | ast.Call)]
    parts = [one for n in lists for one in (n.elts if isinstance(n, ast.List) else n.args)]
    left_out = any(isinstance(one, ast.Constant) and one.value is Ellipsis for one in parts)
    return not left_out and not unknown_names(text, names)


def unknown_names(text: str, names: Mapping[str, Any]) -> list[str]:
    """The names of a program that are not there after the imports."""
    tree = ast.parse(text)
    own = {n for node in ast.walk(tree) for n in stored_in(node)} | set(arguments_in(tree))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    own |= {one.name for node in imports for one in node.names} | set(dir(builtins))
    there = own | {"np"} | imported(names)
    asked_for = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
    return [name for name in dict.fromkeys(asked_for) if name not in there]


def imported(names: Mapping[str, Any]) -> set[str]:
    """What ``from tinytorch import *`` brings, and the same of the module that a file of specs is about."""
    module = re.sub(r".*\btest_\d+_", "", str(names.get("__name__", "")))
    places = [sys.modules.get(f"tinytorch{end}") for end in ("", f".{module}")]
    return {name for one in places for name in getattr(one, "__all__", None) or dir(one)}


def arguments_in(tree: ast.AST) -> Iterator[str]:
    """The names of arguments of functions in a tree."""
    return (node.arg for node in ast.walk(tree) if isinstance(node, ast.arg))
