"""What a failed spec did, as a short program that a learner can paste.

It is read from the spec's source and its variables.

Of the statements before the one that failed those are kept that what failed depends on. Numbers and arrays
stand there as they were, helpers of the specs as what they do, `call` and `ask` as plain calls.
"""

import ast
import re
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

import numpy as np

from specs.descriptions import array_in, code
from specs.framework import Lazy
from specs.pasting import can_be_pasted, with_imports
from specs.rewriting import Rewriter
from specs.sources import (
    CannotTell,
    function_at,
    is_frameworks,
    is_law,
    is_plain,
    is_unknown,
    names_in,
    places_in,
    stored_in,
)
from specs.statements import SHARES, asked, statements_until


def program_of(error: BaseException) -> str:
    """The program that shows what a spec found wrong; empty if the message about the call already shows it.

    It is also empty if no program is short enough.
    """
    frames = spec_frames(error.__traceback__)
    if not frames or isinstance(error, NotImplementedError):
        return ""
    try:
        return written(frames, error, str(getattr(error, "called", None) or ""))
    except Exception:  # whatever the values of the learner's do: what failed is told all the same
        return ""


def spec_frames(traceback: TracebackType | None) -> list[tuple[FrameType, int]]:
    """The function of a spec that an error passed through, and the helpers below it, each with its line.

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
    """The program of a spec that failed on a given line."""
    frame, line = frames[0]
    names = frame.f_globals
    function = function_at(frame.f_code.co_filename, frame.f_code.co_firstlineno)
    writer = Rewriter(names, frame.f_locals, function)
    before, failed = statements_until(function.body, line, frame.f_locals)
    done = [part for statement in before for part in writer.statements(statement)]
    while (entered := writer.entered(failed, frames)) is not None:
        helper, frame, line = entered
        done, writer.before = [*done, *writer.before], []  # what the helper was given
        before, failed = statements_until(helper.body, line, frame.f_locals)
        done += [part for statement in before for part in writer.statements(statement)]
    if is_gradient(failed):
        found = gradient(failed, error, writer)
    else:
        parts = asked(failed, line)
        is_told = is_call(parts[-1], before, {**names, **frame.f_locals})
        if told and is_told and can_be_pasted(told, names) and not changed_input(error):
            return told
        found = [part for one in parts[:-1] for part in writer.target(one)]
        found += writer.target(parts[-1], asked=True)
    found = with_input(found, error, writer)
    done += found[:-1]
    program = named([*needed(done, found[-1:]), *found[-1:]], writer)
    text = writer.text(brief(program))
    text = with_imports(text, writer.modules, names)
    is_about = is_gradient(failed) or any(
        re.search(rf"\b{name}\b", text) for name in writer.modules
    )
    return text if is_about and can_be_pasted(text, names) else ""


def brief(program: list[ast.stmt]) -> list[ast.stmt]:
    """A program without a name for a value that it only shows: ``f(x)`` for ``y = f(x)`` and ``y``."""
    *_, made, last = [None, None, *program]
    if not (isinstance(made, ast.Assign) and isinstance(last, ast.Expr)):
        return program
    is_all = ast.unparse(made.targets[0]) == ast.unparse(last.value)
    return [*program[:-2], ast.Expr(made.value)] if is_all else program


def is_call(node: ast.stmt, before: Sequence[ast.stmt], names: dict[str, Any]) -> bool:
    """Whether a statement is a call that the message shows anyway, or shows the result of such a call."""
    value = node.value if isinstance(node, ast.Expr) else None
    if isinstance(value, ast.Name):
        name = value.id
        made = [n.value for n in before if isinstance(n, ast.Assign) and name in stored_in(n)]
        value = made[-1] if made else None
    if not (isinstance(value, ast.Call) and is_law(value, "call", "ask") and value.args):
        return False
    objects = [names.get(n) for arg in value.args[1:] for n in names_in(arg)]
    if any(is_object(one) for one in objects):
        return False  # what it is like is not told
    function = value.args[0]
    called = names.get(function.id) if isinstance(function, ast.Name) else None
    return isinstance(called, Lazy) or is_frameworks(called)


def is_object(value: object) -> bool:
    """Whether a value is an object of the framework other than a plain array."""
    return type(value).__module__.startswith("tinytorch.") and array_in(value) is None


def is_gradient(node: ast.stmt) -> bool:
    """Whether a statement checks a gradient."""
    return isinstance(node, ast.Expr) and is_law(node.value, "check_gradient", "check_rule")


def gradient(node: ast.stmt, error: BaseException, writer: Rewriter) -> list[ast.stmt]:
    """What `check_gradient` did: Tensors, the function, backward, and the gradient that it checked."""
    values = variables_of("check_gradient", error.__traceback__)
    call = getattr(node, "value", None)
    if not isinstance(call, ast.Call) or "incoming" not in values:
        raise CannotTell
    function, point = call.args[0], values["point"]
    own = [arg.arg for arg in function.args.args] if isinstance(function, ast.Lambda) else []
    names = [writer.fresh(n) for n in (own[: len(point)] or "xyzuvw"[: len(point)])]
    tensors = [
        writer.written(f"{code(one)[:-1]}, requires_grad=True)")
        if is_plain(one)
        else leaf(call, number, values, writer)
        for number, one in enumerate(point)
    ]
    made: list[ast.stmt] = [
        ast.Assign([ast.Name(name, ast.Store())], tensor, lineno=0)
        for name, tensor in zip(names, tensors, strict=True)
    ]
    given: list[ast.expr] = [ast.Name(name, ast.Load()) for name in names]
    out = writer.applied(function, given)
    backward = ast.Call(
        ast.Attribute(out, "backward", ast.Load()), [from_above(values, writer)], []
    )
    grad = ast.Attribute(given[values.get("position", 0)], "grad", ast.Load())
    return [*writer.before, *made, ast.Expr(backward), ast.Expr(grad)]


def leaf(call: ast.Call, number: int, values: dict[str, Any], writer: Rewriter) -> ast.expr:
    """A Tensor of an argument of `check_gradient` that is too large to be written out."""
    given = call.args[1:]
    if len(given) == 1 and isinstance(given[0], ast.Starred):
        given = places_in(given[0].value, len(values["arrays"]))
    if len(given) != len(values["arrays"]):
        raise CannotTell
    array = writer.visit(deepcopy(given[number]))
    if values["arrays"][number].dtype != np.float64:
        array = ast.Call(ast.parse("np.float64", mode="eval").body, [array], [])
    wanted = ast.keyword("requires_grad", ast.Constant(True))
    return ast.Call(ast.Name("Tensor", ast.Load()), [array], [wanted])


def from_above(values: dict[str, Any], writer: Rewriter) -> ast.expr:
    """The gradient that `check_gradient` began with; where it is large, as it was drawn."""
    incoming = values["incoming"]
    if is_plain(incoming):
        return writer.written(code(incoming, "np.array"))
    draw = writer.fresh("draw")
    made = f"{draw} = np.random.default_rng({values['seed']})"
    writer.before += ast.parse(made).body
    shape = incoming.shape
    signs, sizes = f"{draw}.choice((-1.0, 1.0), {shape})", f"{draw}.uniform(0.5, 1.5, {shape})"
    return ast.parse(f"{signs} * {sizes}", mode="eval").body


CHANGED = "inputs that stay as they were"
"""What is expected where an input was changed."""


def changed_input(error: BaseException) -> bool:
    """Whether a call changed what it was given."""
    return getattr(error, "expected", "") == CHANGED


def with_input(program: list[ast.stmt], error: BaseException, writer: Rewriter) -> list[ast.stmt]:
    """A program that shows what was changed instead of what was given back: ``x`` after ``f(x)``."""
    if not changed_input(error):
        return program
    values = variables_of("call", error.__traceback__) or variables_of("ask", error.__traceback__)
    places = [
        n for n, one in enumerate(values.get("wrapped", values["args"])) if one is values["arg"]
    ]
    call = getattr(program[-1], "value", None)
    if not (isinstance(call, ast.Call) and places and places[0] < len(call.args)):
        raise CannotTell
    given = call.args[places[0]]
    made: list[ast.stmt] = []
    if writer.text_of(given):
        maker = "Tensor" if "wrapped" in values else "np.array"
        given = writer.written(code(values["original"], maker))  # as it was before
    if not isinstance(given, ast.Name) or writer.text_of(given):
        name = writer.fresh("x")
        made = [ast.Assign([ast.Name(name, ast.Store())], given, lineno=0)]
        call.args[places[0]] = given = ast.Name(name, ast.Load())
    shown: ast.expr = ast.Attribute(given, "data", ast.Load()) if "wrapped" in values else given
    return [*program[:-1], *made, program[-1], ast.Expr(shown)]


def variables_of(name: str, traceback: TracebackType | None) -> dict[str, Any]:
    """The variables of a function that an error passed through; none if it did not."""
    while traceback is not None:
        if traceback.tb_frame.f_code.co_name == name:
            return dict(traceback.tb_frame.f_locals)
        traceback = traceback.tb_next
    return {}


def named(program: list[ast.stmt], writer: Rewriter) -> list[ast.stmt]:
    """A program that asks whether memory is shared with an array, by the name of that array.

    Where its values stood twice they would be two arrays, which share nothing.
    """
    asked_for = getattr(program[-1], "value", None)
    asked_for = getattr(asked_for, "operand", asked_for)  # without `not`
    if not (isinstance(asked_for, ast.Call) and ast.unparse(asked_for.func) == SHARES):
        return program
    inner = [node for node in ast.walk(asked_for.args[1]) if isinstance(node, ast.expr)]
    text = next(filter(None, map(writer.text_of, inner)), "")
    if not text:
        return program
    array = next((a for node in inner if (a := writer.array_of(node)) is not None), None)
    wrapped = None if array is None else code(array, "Tensor")
    name = ast.Name(writer.fresh("x"), ast.Load())
    made = ast.Assign([ast.Name(name.id, ast.Store())], writer.written(text), lineno=0)
    tensor = ast.Call(ast.Name("Tensor", ast.Load()), [name], [])
    naming = Naming(writer, {text: name, wrapped: tensor})
    program = [naming.visit(statement) for statement in program]
    if naming.count < 2:
        raise CannotTell  # it stands nowhere else as it is
    return [made, *program]


class Naming(ast.NodeTransformer):
    """Puts expressions in the place of texts that were written out, and counts them."""

    def __init__(self, writer: Rewriter, instead: dict[str | None, ast.expr]) -> None:
        self.writer = writer
        self.instead = instead
        self.count = 0

    def visit_Name(self, node: ast.Name) -> ast.expr:
        found = self.instead.get(self.writer.text_of(node) or "")
        self.count += found is not None
        return node if found is None else deepcopy(found)


def needed(done: Sequence[ast.stmt], last: Sequence[ast.stmt]) -> list[ast.stmt]:
    """The statements that the last one depends on, in their order.

    What is called on something may change it, and so may what is called on what was made of it.
    """
    known = variables(done)
    wanted = {name for node in last for name in names_in(node)} & known
    related: set[str] = set()
    while True:
        kept = slice_of(done, wanted, related)
        found = {name for node in kept for name in stored_in(node)}
        more = found | {name for node in done for name in parts_of(node, found | wanted)}
        if more <= related:
            return kept
        related |= more


def parts_of(node: ast.stmt, names: set[str]) -> set[str]:
    """The variables that a statement makes stand for a part of something: ``memory = layer.weight.data``."""
    value = node.value if isinstance(node, ast.Assign) else None
    is_part = isinstance(value, ast.Attribute | ast.Subscript) and set(names_in(value)) & names
    return set(stored_in(node)) if is_part else set()


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
    """Whether a statement calls anything that may change something."""
    if is_unknown(node) and getattr(node, "orelse", None):
        return False
    return any(isinstance(part, ast.Call) for part in ast.walk(node))


def variables(done: Sequence[ast.stmt]) -> set[str]:
    """All names that statements give a value to."""
    return {name for node in done for name in stored_in(node)}
