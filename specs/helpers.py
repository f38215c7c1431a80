"""Helpers of the specs as what they do: their statements, with what they were given."""

import ast
from collections.abc import Sequence
from copy import deepcopy
from types import FrameType, FunctionType

from specs.expressions import Expressions, Filled
from specs.sources import (
    LAWS,
    CannotTell,
    ends_early,
    function_at,
    is_small,
    names_in,
    of_learner,
    stored_in,
)

APART = (LAWS, "specs.gradients", "specs.timing")
"""Helpers whose own statements tell a learner nothing."""


class Helpers(Expressions):
    """Takes helpers apart that the statements of a spec call."""

    def statements(self, node: ast.stmt) -> list[ast.stmt]:
        """A statement rewritten, after the statements that it requires; see `specs.rewriting`."""
        raise NotImplementedError

    def with_self(self, node: ast.Call) -> ast.Call:
        """The call of a method of the spec's class as that of a function."""
        return ast.Call(node.func, [ast.Name("self", ast.Load()), *node.args], node.keywords)

    def applied(self, function: ast.expr, given: Sequence[ast.expr]) -> ast.expr:
        """A call of a function of the spec; for a lambda, its result."""
        if not isinstance(function, ast.Lambda):
            return ast.Call(self.visit(deepcopy(function)), list(given), [])
        outer, defaults = self.arguments, function.args.defaults
        names = [arg.arg for arg in function.args.args]
        values = [*given[: len(names) - len(defaults)], *map(self.visit, deepcopy(defaults))]
        self.arguments = outer | dict(zip(names, values, strict=False))
        try:
            return self.visit(deepcopy(function.body))
        finally:
            self.arguments = outer

    def given_lambda(
        self, function: ast.Lambda, args: list[ast.expr], keywords: list[ast.keyword]
    ) -> ast.expr:
        """The result of a lambda that was passed to a helper."""
        names = [arg.arg for arg in function.args.args]
        defaults = function.args.defaults
        values = dict(zip(names[len(names) - len(defaults) :], defaults, strict=True))
        values |= dict(zip(names, args, strict=False)) | {k.arg: k.value for k in keywords if k.arg}
        if function.args.kwarg:
            rest = [k for k in keywords if k.arg and k.arg not in names]
            keys: list[ast.expr | None] = [ast.Constant(k.arg) for k in rest]
            values = {n: v for n, v in values.items() if n in names}
            values[function.args.kwarg.arg] = ast.Dict(keys, [k.value for k in rest])
            names.append(function.args.kwarg.arg)
        if set(values) != set(names):
            raise CannotTell
        return Filled(values).visit(deepcopy(function.body))

    def entered(
        self, failed: ast.stmt, frames: Sequence[tuple[FrameType, int]]
    ) -> tuple[ast.FunctionDef, FrameType, int] | None:
        """(source, frame, line) of the helper in which a statement failed, if it called one.

        From now on statements are those of the helper, and its arguments what it was given.
        """
        call = failed.value if isinstance(failed, ast.Expr) else None
        helper = self.helper_of(call.func) if isinstance(call, ast.Call) else None
        if not isinstance(call, ast.Call) or helper is None or helper.__module__ in APART:
            return None
        found = [(f, line) for f, line in frames if f.f_code is helper.__code__]
        if not found:
            return None
        frame, line = found[0]
        source = function_at(helper.__code__.co_filename, helper.__code__.co_firstlineno)
        args, keywords = self.parts(call)
        if isinstance(call.func, ast.Attribute):
            args = [ast.Name("self", ast.Load()), *args]
        bound = self.bound(helper, source, args, keywords)
        self.names, self.values = helper.__globals__, frame.f_locals
        self.defined = frozenset(name for node in source.body for name in stored_in(node))
        self.tainted = of_learner(source, self.names, bound)
        kept = {n for n in self.defined if n in self.tainted or not is_small(self.values.get(n))}
        own = {name: ast.Name(self.fresh(name), ast.Load()) for name in kept - set(bound)}
        self.arguments = bound | own
        return source, frame, line

    def helper_of(self, function: ast.expr) -> FunctionType | None:
        """The called helper of the specs: a function, or a method of the spec's class."""
        found = None
        if isinstance(function, ast.Name):
            found = self.names.get(function.id)
        elif isinstance(function, ast.Attribute) and ast.unparse(function.value) == "self":
            found = getattr(type(self.values.get("self")), function.attr, None)
        is_own = isinstance(found, FunctionType) and found.__module__.startswith("specs.")
        return found if is_own else None

    def taken_apart(self, helper: FunctionType, node: ast.Call) -> ast.expr:
        """The result of a helper of the specs, after its statements with its arguments."""
        source = function_at(helper.__code__.co_filename, helper.__code__.co_firstlineno)
        if self.depth > 5 or source.decorator_list or "specs.oracles" in helper.__module__:
            raise CannotTell
        last = source.body[-1]
        gives = last.value if isinstance(last, ast.Return) else None
        bound = self.bound(helper, source, *self.parts(node))
        outer = self.names, self.arguments, self.depth
        own = {name for part in source.body for name in stored_in(part)} - set(bound)
        self.names, self.depth = helper.__globals__, self.depth + 1
        self.arguments = bound | {name: ast.Name(self.fresh(name), ast.Load()) for name in own}
        try:
            for part in source.body[:-1] if gives else source.body:
                if ends_early(part):
                    raise CannotTell
                self.before += self.statements(part)
            return self.visit(deepcopy(gives)) if gives else ast.Constant(None)
        finally:
            self.names, self.arguments, self.depth = outer

    def bound(
        self,
        helper: FunctionType,
        source: ast.FunctionDef,
        args: list[ast.expr],
        keywords: list[ast.keyword],
    ) -> dict[str, ast.expr]:
        """What the parameters of a helper stand for."""
        spec = source.args
        names = [arg.arg for arg in (*spec.posonlyargs, *spec.args)]
        defaults = dict(zip(names[::-1], (helper.__defaults__ or ())[::-1], strict=False))
        found = {name: self.literal(value) for name, value in defaults.items()}
        found |= {n: self.literal(v) for n, v in (helper.__kwdefaults__ or {}).items()}
        found |= dict(zip(names, args, strict=False))
        if spec.vararg:
            found[spec.vararg.arg] = ast.Tuple(args[len(names) :], ast.Load())
        known = {*names, *(arg.arg for arg in spec.kwonlyargs)}
        found |= {k.arg: k.value for k in keywords if k.arg in known}
        if spec.kwarg:
            rest = [k for k in keywords if k.arg and k.arg not in known]
            keys: list[ast.expr | None] = [ast.Constant(k.arg) for k in rest]
            found[spec.kwarg.arg] = ast.Dict(keys, [k.value for k in rest])
        uses = [n for part in source.body for n in names_in(part)]
        return {name: self.once(name, value, uses.count(name)) for name, value in found.items()}

    def once(self, name: str, value: ast.expr, uses: int) -> ast.expr:
        """An argument that is made once: by a name, if a helper uses it more than once."""
        simple = (
            ast.Name | ast.Constant | ast.Tuple | ast.List | ast.Dict | ast.Attribute | ast.Lambda
        )
        if uses < 2 or isinstance(value, simple) or ast.unparse(value).startswith("range("):
            return value
        made = self.fresh(name)
        self.before.append(ast.Assign([ast.Name(made, ast.Store())], value, lineno=0))
        return ast.Name(made, ast.Load())
