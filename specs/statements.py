"""What a spec did until it failed, from its source: which statements, which iterations, what it checked."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from specs.sources import (
    CannotTell,
    Value,
    held_in,
    is_law,
    is_plain,
    names_in,
    stored_in,
    unknown,
)

COMPARING = (
    *("assert_equal", "assert_close", "assert_shape", "assert_dtype"),
    *("assert_finite", "assert_no_alias", "assert_same"),
)
"""Laws that say something of their first argument."""

SHARES = "np.shares_memory"
"""What a law about memory of one's own asks."""

NAMED = ("items", "named_parameters", "named_buffers", "named_modules")
"""Methods that give names, each with what has it."""


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
        if isinstance(node, ast.While):
            raise CannotTell  # nobody knows how often
        if isinstance(node, ast.With):
            done += [
                ast.Expr(item.context_expr) for item in node.items if not is_law(item.context_expr)
            ]
        if isinstance(node, ast.For):
            turns, inner = turns_until(node, line, values)
            done += turns
        before, failed = statements_until(inner, line, values)
        return done + before, failed
    raise CannotTell


def turns_until(
    node: ast.For, line: int, values: Mapping[str, Any]
) -> tuple[list[ast.stmt], list[ast.stmt]]:
    """What a loop did until it failed, and what is left of its body to look at.

    Earlier iterations that changed something stand there as the loop, up to the one that failed, if the
    source says which that was.
    """
    own = words_of(node, values) + turn_of(node.target, node.iter, values)
    number = turn_number(node, values)
    if number == 0 or not (held := carried(node)):
        return own, node.body
    earlier = first_turns(node.iter, number) if number is not None else None
    place = next(n for n, part in enumerate(node.body) if line <= (part.end_lineno or line))
    if number is None or earlier is None:
        names: list[ast.expr] = [ast.Name(name, ast.Load()) for name in sorted(held)]
        return [unknown(ast.Expr(ast.Tuple(names, ast.Load()))), *own], node.body
    if place and not any(map(acts, node.body[place:])):
        whole = first_turns(node.iter, number + 1) or earlier
        return [loop(node, whole, node.body[:place]), *own], node.body[place:]
    return [loop(node, earlier, node.body), *own], node.body


def loop(node: ast.For, over: ast.expr, body: list[ast.stmt]) -> ast.stmt:
    """The same loop over something else."""
    return ast.copy_location(ast.For(node.target, over, body, []), node)


def first_turns(over: ast.expr, count: int) -> ast.expr | None:
    """The first elements of what a loop goes over; None if its source does not say."""
    name = ast.unparse(over.func) if isinstance(over, ast.Call) else ""
    if isinstance(over, ast.List | ast.Tuple):
        return ast.List(over.elts[:count], ast.Load())
    if isinstance(over, ast.Call) and name == "range" and len(over.args) == 1:
        return ast.Call(over.func, [ast.Constant(count)], [])
    if isinstance(over, ast.Call) and name in ("enumerate", "zip"):
        columns = over.args if name == "zip" else over.args[:1]
        first = [first_turns(column, count) for column in columns]
        rest = over.args[len(columns) :]
        known = [one for one in first if one is not None]
        return ast.Call(over.func, [*known, *rest], over.keywords) if known == first else None
    if isinstance(over, ast.Name):
        return ast.Subscript(over, ast.Slice(None, ast.Constant(count), None), ast.Load())
    return None


def words_of(node: ast.For, values: Mapping[str, Any]) -> list[ast.stmt]:
    """The variables of a loop that are a name or a number, in the iteration that failed."""
    found = {n: values.get(n) for n in stored_in(node.target)}
    plain = {n: value for n, value in found.items() if isinstance(value, str | int)}
    names = [(ast.Name(n, ast.Store()), value) for n, value in plain.items()]
    return [ast.Assign([name], Value(of=value), lineno=node.lineno) for name, value in names]


def carried(node: ast.For) -> set[str]:
    """The variables that an iteration of a loop may change for the next one."""
    again = {name for part in node.body for name in stored_again(part)}
    own = {name for part in node.body for name in stored_in(part)} | set(stored_in(node.target))
    return {name for part in node.body if acts(part) for name in names_in(part)} - own | again


def acts(part: ast.stmt) -> bool:
    """Whether a statement of a loop may change something that there was before."""
    if isinstance(part, ast.Assign):
        asks = is_law(part.value, "ask", "call")
        return asks or bool(held_in(part)) or any(stored_again(part))
    if is_raises(part):
        return False  # what was refused has changed nothing
    return not (isinstance(part, ast.Expr) and is_law(part.value))


def stored_again(part: ast.stmt) -> Iterator[str]:
    """The variables that a statement gives a value made of the one before: ``x = layer(x)``."""
    if isinstance(part, ast.AugAssign):
        yield from stored_in(part.target)
    elif isinstance(part, ast.Assign):
        yield from {*stored_in(part)} & {*names_in(part.value)}


def turn_number(node: ast.For, values: Mapping[str, Any]) -> int | None:
    """The iteration in which a loop failed, from 0; None if that is not visible."""
    over, target = node.iter, node.target
    name = ast.unparse(over.func) if isinstance(over, ast.Call) else ""
    if isinstance(over, ast.Call) and name == "enumerate" and isinstance(target, ast.Tuple):
        return counted(target, over, values)
    if name == "range" and isinstance(over, ast.Call) and len(over.args) == 1:
        found = values.get(ast.unparse(target))
        return found if isinstance(found, int) else None
    if isinstance(target, ast.Tuple) and isinstance(over, ast.Tuple | ast.List):
        return row_of(target, over, values)
    columns = over.args if name == "zip" and isinstance(over, ast.Call) else [over]
    targets = target.elts if name == "zip" and isinstance(target, ast.Tuple) else [target]
    pairs = zip(targets, columns, strict=False)
    places = (place_of(values.get(ast.unparse(t)), column, values) for t, column in pairs)
    return next((place for place in places if place is not None), None)


def counted(target: ast.Tuple, over: ast.Call, values: Mapping[str, Any]) -> int | None:
    """The iteration of a loop over `enumerate` in which it failed, from 0."""
    starts = [*over.args[1:], *(keyword.value for keyword in over.keywords)]
    start = evaluated(starts[0], values) if starts else 0
    found = values.get(ast.unparse(target.elts[0]))
    return found - start if isinstance(found, int) and isinstance(start, int) else None


def turn_of(target: ast.expr, over: ast.expr, values: Mapping[str, Any]) -> list[ast.stmt]:
    """The variables of a loop in the iteration that failed: ``param = params[1]``.

    Which turn that was is found where the loop goes over lists that have names, one or several in step.
    """
    if isinstance(target, ast.Tuple) and isinstance(over, ast.Tuple | ast.List):
        row = row_of(target, over, values)
        parts = over.elts[row].elts if row is not None else []  # type: ignore[attr-defined]
        pairs = zip(target.elts, parts, strict=False)
        return [ast.Assign([t], v, lineno=over.lineno) for t, v in pairs if isinstance(t, ast.Name)]
    method = over.func if isinstance(over, ast.Call) else None
    if isinstance(over, ast.Call) and ast.unparse(over.func) == "enumerate":
        return entry_of(target, over, values)
    if isinstance(method, ast.Attribute) and method.attr in NAMED:
        named, what = getattr(target, "elts", (None, None))
        key = values.get(getattr(named, "id", ""))
        if not (isinstance(what, ast.Name) and isinstance(key, str)):
            return []
        by_name = ast.Call(ast.Name("dict", ast.Load()), [over], [])
        whole = method.value if method.attr == "items" else by_name
        entry = ast.Subscript(whole, ast.Constant(key), ast.Load())
        return [ast.Assign([ast.Name(what.id, ast.Store())], entry, lineno=over.lineno)]
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


def entry_of(target: ast.expr, over: ast.Call, values: Mapping[str, Any]) -> list[ast.stmt]:
    """The variable of a loop that counts, in the iteration that failed: ``part = parts[2]``."""
    number = counted(target, over, values) if isinstance(target, ast.Tuple) else None
    entry = target.elts[1] if isinstance(target, ast.Tuple) and len(target.elts) == 2 else None
    column = over.args[0]
    if number is None or not isinstance(entry, ast.Name):
        return []
    if isinstance(values.get(entry.id), str | int):
        return []  # it has its value
    found = evaluated(column, values)
    value: ast.expr
    if isinstance(column, ast.List | ast.Tuple):
        value = column.elts[number]
    elif isinstance(found, list | tuple):
        value = ast.Subscript(column, ast.Constant(number), ast.Load())
    else:
        return []
    return [ast.Assign([ast.Name(entry.id, ast.Store())], value, lineno=over.lineno)]


def row_of(target: ast.Tuple, over: ast.Tuple | ast.List, values: Mapping[str, Any]) -> int | None:
    """Which of a loop's rows its variables are; None if that is not visible."""
    for number, row in enumerate(over.elts):
        if not (isinstance(row, ast.Tuple | ast.List) and len(row.elts) == len(target.elts)):
            return None
        pairs = zip(target.elts, row.elts, strict=True)
        known = [(values.get(ast.unparse(t)), evaluated(v, values)) for t, v in pairs]
        seen = [same(now, there) for now, there in known if there is not None]
        if seen and all(seen):
            return number
    return None


def same(left: object, right: object) -> bool:
    """Whether two values are one, or equal."""
    try:
        return left is right or bool(left == right)
    except (TypeError, ValueError):
        return False


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
    if isinstance(node, ast.Constant):
        return node.value
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
        if is_law(told, "show", "str") and isinstance(told, ast.Call):
            return told.args[0]
        return value.args[0] if isinstance(told, ast.Constant | ast.JoinedStr) else told
    if name == "assert_own":
        return ast.Call(value.args[0], [], [])
    if name == "assert_no_alias" and len(value.args) == 2:
        shares = ast.parse(SHARES, mode="eval").body
        return ast.UnaryOp(ast.Not(), ast.Call(shares, value.args, []))
    if name in COMPARING:
        return value.args[0]
    if is_law(value):
        raise CannotTell
    return value
