"""Expressions of a spec as a learner would write them: with values for variables."""

import ast
import re
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from specs.descriptions import code
from specs.sources import Value, every_argument, stored_in
from specs.writing import Writer


class Expressions(ast.NodeTransformer, Writer):
    """Rewrites the expressions of one function of a spec."""

    def visit_Value(self, node: Value) -> ast.expr:
        return self.literal(node.of)

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        """Replace an entry of a literal dict by its value."""
        value, key = self.visit(node.value), self.visit(node.slice)
        if isinstance(value, ast.List) and isinstance(key, ast.Slice) and key.lower is None:
            end = getattr(key.upper, "value", None)
            if isinstance(end, int) and key.step is None:
                return ast.List(value.elts[:end], ast.Load())
        if isinstance(value, ast.Dict):
            texts = [self.text_of(one) or ast.unparse(one) for one in value.keys if one]
            wanted = self.text_of(key) or ast.unparse(key)
            if len(texts) == len(value.keys) and wanted in texts:
                return value.values[texts.index(wanted)]
        return ast.Subscript(value, key, node.ctx)

    def visit_Name(self, node: ast.Name) -> ast.expr:
        name = node.id
        if name in self.arguments:
            found = self.arguments[name]
            if isinstance(node.ctx, ast.Store):
                return ast.Name(found.id, ast.Store()) if isinstance(found, ast.Name) else node
            return deepcopy(found)
        if isinstance(node.ctx, ast.Store) or (self.depth and name not in self.names):
            return node
        if name == "self":
            return node  # the spec itself, which no program has
        if name in self.values and not self.depth:
            return self.of_variable(node, self.values[name])
        if name in self.names:
            return self.of_global(node, self.names[name])
        return node

    def visit_Lambda(self, node: ast.Lambda) -> Any:
        with Bound(self, {arg.arg for arg in every_argument(node.args)}):
            self.inner += 1
            try:
                return self.generic_visit(node)
            finally:
                self.inner -= 1

    def comprehension(self, node: Any) -> Any:
        own = {n for part in node.generators for n in stored_in(part.target)}
        with Bound(self, own):
            return self.generic_visit(node)

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = comprehension

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        """Replace arithmetic with known numbers by its result."""
        done = ast.BinOp(self.visit(node.left), node.op, self.visit(node.right))
        texts = [self.text_of(one) or ast.unparse(one) for one in (done.left, done.right)]
        if not all(re.fullmatch(r"-?\d+", text) for text in texts):
            return done
        sides = [ast.Constant(int(text)) for text in texts]
        tree = ast.fix_missing_locations(ast.Expression(ast.BinOp(sides[0], node.op, sides[1])))
        try:
            return self.literal(eval(compile(tree, "spec", "eval")))
        except (ArithmeticError, ValueError):
            return done

    def visit_IfExp(self, node: ast.IfExp) -> Any:
        test = self.visit(node.test)
        if isinstance(test, ast.Constant):
            return self.visit(node.body if test.value else node.orelse)
        if (known := self.text_of(test)) in ("True", "False", "None"):
            return self.visit(node.body if known == "True" else node.orelse)
        return ast.IfExp(test, self.visit(node.body), self.visit(node.orelse))

    def visit_Compare(self, node: ast.Compare) -> Any:
        """Decide a comparison with None if the value is known."""
        done: Any = self.generic_visit(node)
        right = done.comparators[0]
        known = self.text_of(done.left) or isinstance(done.left, ast.Dict | ast.List | ast.Tuple)
        is_none = isinstance(right, ast.Constant) and right.value is None
        if known and is_none and isinstance(done.ops[0], ast.Is | ast.IsNot):
            same = self.text_of(done.left) == "None"
            return ast.Constant(same == isinstance(done.ops[0], ast.Is))
        return done

    def visit_Dict(self, node: ast.Dict) -> ast.expr:
        """Write out what is unpacked into a dict."""
        keys: list[ast.expr | None] = []
        values: list[ast.expr] = []
        for key, value in zip(node.keys, node.values, strict=True):
            done = self.visit(value)
            is_inner = key is None and isinstance(done, ast.Dict)
            keys += done.keys if is_inner else [self.visit(key) if key else None]
            values += done.values if is_inner else [done]
        return ast.Dict(keys, values)

    def plain_call(self, node: ast.Call) -> ast.expr:
        """Keep a call; an array of an array becomes one array."""
        call = plainer(ast.Call(self.visit(node.func), *self.parts(node)))
        if not isinstance(call, ast.Call):
            return call
        array = self.array_of(call.args[0]) if len(call.args) == 1 and not call.keywords else None
        if array is not None and ast.unparse(call.func) in ("np.array", "Tensor"):
            return self.written(code(array, ast.unparse(call.func)))
        if ast.unparse(call.func) == "np.array" and len(call.args) == 1 and not call.keywords:
            inner = call.args[0]
            if isinstance(inner, ast.Call) and ast.unparse(inner.func) == "np.array":
                return inner
        return call

    def parts(self, node: ast.Call) -> tuple[list[ast.expr], list[ast.keyword]]:
        """The arguments of a call, with starred lists written out."""
        args: list[ast.expr] = []
        for arg in node.args:
            done = self.visit(arg)
            inner = done.value if isinstance(done, ast.Starred) else None
            args += inner.elts if isinstance(inner, ast.List | ast.Tuple) else [done]
        keywords: list[ast.keyword] = []
        for keyword in node.keywords:
            value = self.visit(keyword.value)
            if keyword.arg is None and isinstance(value, ast.Dict):
                pairs = zip(value.keys, value.values, strict=True)
                keywords += [ast.keyword(self.key(k), v) for k, v in pairs]
            else:
                keywords.append(ast.keyword(keyword.arg, value))
        return args, keywords

    def key(self, node: ast.expr | None) -> str:
        """The name of a keyword that is given as a string."""
        if isinstance(node, ast.Constant):
            return str(node.value)
        return str(ast.literal_eval(self.text_of(node) if node is not None else ""))


def plainer(call: ast.Call) -> ast.expr:
    """A call without arguments that do not matter to readers: ``x.astype(np.float32, copy=False)``."""
    method = call.func
    if isinstance(method, ast.Attribute) and method.attr == "astype":
        call.keywords = [one for one in call.keywords if one.arg != "copy"]
    return call


class Filled(ast.NodeTransformer):
    """Replaces names by expressions."""

    def __init__(self, values: Mapping[str, ast.expr]) -> None:
        self.values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return deepcopy(self.values.get(node.id, node))

    def visit_Call(self, node: ast.Call) -> ast.Call:
        """Write out a dict that replaces keywords."""
        for keyword in node.keywords:
            keyword.value = self.visit(keyword.value)
        node.func, node.args = self.visit(node.func), [self.visit(arg) for arg in node.args]
        whole = [k for k in node.keywords if k.arg or not isinstance(k.value, ast.Dict)]
        for one in (k.value for k in node.keywords if not k.arg):
            pairs = zip(one.keys, one.values, strict=True) if isinstance(one, ast.Dict) else ()
            whole += [ast.keyword(str(k.value), v) for k, v in pairs if isinstance(k, ast.Constant)]
        node.keywords = whole
        return node


class Bound:
    """Inside this context, names stand for themselves, like the arguments of a lambda."""

    def __init__(self, rewriter: Writer, names: set[str]) -> None:
        self.rewriter, self.names = rewriter, names

    def __enter__(self) -> None:
        self.outer = self.rewriter.arguments
        own = {name: ast.Name(name, ast.Load()) for name in self.names}
        self.rewriter.arguments = self.outer | own

    def __exit__(self, *_: object) -> None:
        self.rewriter.arguments = self.outer
