"""Statements of a spec as a learner would write them."""

import ast
from collections.abc import Sequence
from copy import deepcopy
from functools import partial
from types import FunctionType
from typing import Any

import numpy as np

from specs.descriptions import code
from specs.expressions import Bound
from specs.framework import Lazy
from specs.helpers import Helpers
from specs.sources import (
    LAWS,
    CannotTell,
    Value,
    every_argument,
    is_law,
    is_module_of_oracles,
    is_unknown,
    names_in,
    paired,
    rows_of,
    stored_below,
    stored_in,
    unknown,
    with_entry,
    wrapped,
)


class Rewriter(Helpers):
    """Rewrites the statements of one function of a spec."""

    def statements(self, node: ast.stmt) -> list[ast.stmt]:
        """A statement rewritten, after the statements that it requires, or `unknown`."""
        try:
            return self.target(node)
        except CannotTell:
            asks = any(is_law(n, "ask", "call") for n in ast.walk(node) if isinstance(n, ast.expr))
            is_oracle = any(is_module_of_oracles(self.names.get(name)) for name in names_in(node))
            return [unknown(node, changes=asks or not is_oracle)]

    def target(self, node: ast.stmt, asked: bool = False) -> list[ast.stmt]:
        """The same, where nothing is to be done without it: CannotTell if it cannot be rewritten.

        What a spec has ``asked`` for is kept, if it is only a name.
        """
        outer, self.before = self.before, []
        try:
            copy = deepcopy(node)
            done = (
                ast.Expr(self.visit(copy.value))
                if asked and isinstance(copy, ast.Expr)
                else self.visit(copy)
            )
            made = [] if done is None else done if isinstance(done, list) else [done]
            return [*self.before, *made]
        finally:
            self.before = outer

    def visit_Expr(self, node: ast.Expr) -> Any:
        call = node.value
        if isinstance(call, ast.Constant):
            return None
        if is_law(call):
            parts = call.args[:1] if is_law(call, "assert_", "expect") else []  # type: ignore[attr-defined]
            return [ast.Expr(self.visit(n)) for one in parts for n in self.acting(one)] or None
        if is_law(call, "pull_back"):  # what a learner writes for it
            out, grad = call.args[:2]  # type: ignore[attr-defined]
            call = node.value = ast.Call(ast.Attribute(out, "backward", ast.Load()), [grad], [])
        node.value = self.visit(node.value)
        return None if isinstance(node.value, ast.Name | ast.Constant) else node

    def acting(self, node: ast.expr) -> list[ast.expr]:
        """The calls in what a law asks for that may change something: of the learner's objects."""
        if isinstance(node, ast.Call):
            root: ast.expr = node.func
            while isinstance(root, ast.Attribute | ast.Subscript):
                root = root.value
            name = root.id if isinstance(root, ast.Name) else ""
            if is_law(node, "ask", "call") or name in self.tainted:
                return [node]
            if isinstance(self.names.get(name), Lazy) and any(names_in(ast.Tuple(node.args))):
                return [node]
        parts = [one for one in ast.iter_child_nodes(node) if isinstance(one, ast.expr)]
        return [one for part in parts for one in self.acting(part)]

    def block(self, body: Sequence[ast.stmt]) -> list[ast.stmt]:
        """Statements rewritten, each after the statements that it requires.

        What cannot be rewritten is left out where it is about what is expected, and nothing else reads it.
        """
        done = [one for part in body for one in self.statements(part)]
        kept = [one for one in done if not is_unknown(one)]
        read = {name for one in kept for name in names_in(one)}
        for one in done:
            if is_unknown(one) and (not getattr(one, "orelse", None) or read & {*stored_in(one)}):
                raise CannotTell
        return kept

    def visit_Assign(self, node: ast.Assign) -> Any:
        """Two names for two values are two assignments; a name for a variable of a helper is the variable."""
        value, target = self.visit(node.value), node.targets[0]
        if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
            entries = self.arguments.get(target.value.id)
            if isinstance(entries, ast.Dict):  # of keywords that a helper was given
                self.arguments[target.value.id] = with_entry(
                    entries, self.visit(target.slice), value
                )
                return None
        if (
            isinstance(target, ast.Tuple)
            and isinstance(value, ast.Tuple)
            and len(target.elts) == len(value.elts)
        ):
            pairs = zip(target.elts, value.elts, strict=True)
            return [one for name, part in pairs for one in self.assigned(name, part)]
        if len(node.targets) == 1:
            return self.assigned(target, value)
        return ast.Assign([self.visit(one) for one in node.targets], value, lineno=0)

    def assigned(self, target: ast.expr, value: ast.expr) -> list[ast.stmt]:
        """One assignment."""
        own = isinstance(value, ast.Name) and value.id in self.made
        if own and isinstance(target, ast.Name):
            self.arguments[target.id] = value
            return []
        return [ast.Assign([self.visit(target)], value, lineno=0)]

    def visit_With(self, node: ast.With) -> Any:
        if any(is_law(item.context_expr, "raises") for item in node.items):
            body = self.block(node.body)
            caught = ast.ExceptHandler(ast.Name("Exception", ast.Load()), None, [ast.Pass()])
            return ast.Try(body, [caught], [], []) if body else None
        if any(is_law(item.context_expr) for item in node.items):
            raise CannotTell
        node.items = [self.visit(item) for item in node.items]
        node.body = self.block(node.body)
        return node if node.body else None

    def visit_If(self, node: ast.If) -> Any:
        if is_unknown(node):
            return node
        test = self.visit(node.test)
        if isinstance(test, ast.Constant):
            return self.block(node.body if test.value else node.orelse)
        node.test, node.body, node.orelse = test, self.block(node.body), self.block(node.orelse)
        return node if node.body else None

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:
        """A class that the spec defines; what it is called in a helper it is called here."""
        if node.decorator_list or node.keywords:
            raise CannotTell
        node.bases = [self.visit(base) for base in node.bases]
        body = node.body[1:] if ast.get_docstring(node) else node.body
        node.body = [one for part in body for one in self.target(part)] or [ast.Pass()]
        named = self.arguments.get(node.name)
        node.name = named.id if isinstance(named, ast.Name) else node.name
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        if node.decorator_list:
            raise CannotTell
        body = node.body[1:] if ast.get_docstring(node) else node.body
        with Bound(self, {arg.arg for arg in every_argument(node.args)} | set(stored_below(node))):
            self.inner += 1
            try:
                node.body = self.block(body) or [ast.Pass()]
            finally:
                self.inner -= 1
            node.args = self.visit(node.args)
        return node

    def visit_For(self, node: ast.For) -> Any:
        over = self.visit(node.iter)
        rows = rows_of(over)
        if rows is not None and len(rows) <= 3 and not node.orelse:
            return [one for row in rows for one in self.turn(node, row)]
        node.iter = over
        node.target = self.visit(node.target)
        with Bound(self, set(stored_in(node))):
            node.body = self.block(node.body)
        return node if node.body else None

    def turn(self, node: ast.For, row: ast.expr) -> list[ast.stmt]:
        """What a loop does with one of its elements."""
        outer = dict(self.arguments)
        try:
            self.arguments |= paired(node.target, row)
            return self.block(node.body)
        finally:
            self.arguments = outer

    def visit_Call(self, node: ast.Call) -> Any:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if isinstance(given := self.arguments.get(name), ast.Lambda):
            return self.given_lambda(given, *self.parts(node))
        if isinstance(given, ast.Name) and given.id in self.names:
            name = given.id  # a helper that another one was given
        helper: Any = self.names.get(name) if name not in self.values else None
        if isinstance(helper, partial):
            first: list[ast.expr] = [Value(of=one) for one in helper.args]
            own = {keyword.arg for keyword in node.keywords}
            more = [ast.keyword(k, Value(of=v)) for k, v in helper.keywords.items() if k not in own]
            node = ast.Call(node.func, [*first, *node.args], [*node.keywords, *more])
            helper = helper.func
        if helper is None and isinstance(node.func, ast.Attribute):
            helper = self.helper_of(node.func)
            node = node if helper is None else self.with_self(node)
        if not isinstance(helper, FunctionType):
            return self.plain_call(node)
        if helper.__module__ == LAWS or helper.__module__ == "specs.framework":
            return self.law(name, node)
        if helper.__module__.startswith("specs."):
            return self.taken_apart(helper, node)
        return self.plain_call(node)

    def law(self, name: str, node: ast.Call) -> ast.expr:
        """`call` and `ask`, replaced by the calls that they make."""
        if name in ("resolve", "unwrap", "data_of", "show") and node.args:
            return self.visit(node.args[0])
        if name == "equal" and len(node.args) == 2:
            return ast.Compare(self.visit(node.args[0]), [ast.Eq()], [self.visit(node.args[1])])
        if name == "lazy" and len(node.args) == 2:
            text = self.text_of(self.visit(node.args[1])) or repr(
                getattr(node.args[1], "value", "")
            )
            return ast.Name(str(ast.literal_eval(text)), ast.Load())
        if name not in ("call", "ask"):
            raise CannotTell
        args, keywords = self.parts(node)
        given = args[1:]
        if name == "call":
            given = [self.tensor(arg) for arg in given]
        return ast.Call(args[0], given, keywords)

    def tensor(self, node: ast.expr) -> ast.expr:
        """An argument of `call`: arrays are wrapped."""
        array = self.array_of(node)
        if array is not None:
            return self.written(code(array, "Tensor"))
        if text := self.text_of(node):
            return wrapped(node) if text.startswith("np.") else node
        if isinstance(node, ast.Name):
            return wrapped(node) if isinstance(self.values.get(node.id), np.ndarray) else node
        return wrapped(node) if isinstance(node, ast.Call | ast.BinOp | ast.Subscript) else node
