"""How the values of a spec's variables are written into a program."""

import ast
import builtins
import re
from collections.abc import Mapping, Sequence
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from specs.arrays import Array
from specs.descriptions import code
from specs.framework import Lazy
from specs.sources import (
    MOST,
    CannotTell,
    is_frameworks,
    is_module_of_oracles,
    is_of_specs,
    is_plain,
    is_small,
    of_learner,
    stored_in,
)


class Writer:
    """Knows the variables of one function of a spec, and writes what they stand for.

    Args:
        names: what is global there.
        values: its variables when it failed.
        function: the function.
    """

    def __init__(
        self, names: Mapping[str, Any], values: Mapping[str, Any], function: ast.FunctionDef
    ) -> None:
        self.names, self.values = names, values
        self.defined = frozenset(name for node in function.body for name in stored_in(node))
        self.tainted = of_learner(function, names)
        self.arguments: dict[str, ast.expr] = {}  # of the helper that is taken apart
        self.before: list[ast.stmt] = []  # what has to be done for the statement at hand
        self.texts: dict[str, str] = {}
        self.modules: dict[str, str] = {}  # where names of the framework and of the specs are from
        self.arrays: dict[str, Array] = {}  # those that a text stands for
        self.taken: set[str] = set(values)
        self.made: set[str] = set()  # names of variables of helpers
        self.depth = 0
        self.inner = 0  # inside so many functions

    def text(self, statements: Sequence[ast.stmt]) -> str:
        """The source of statements, values in their place."""
        module = ast.fix_missing_locations(ast.Module(list(statements), []))
        self.rename(module)
        text = ast.unparse(module).replace(
            "\n\n", "\n"
        )  # an empty line ends a class that is pasted
        for name in sorted(self.texts, key=len, reverse=True):
            text = text.replace(name, self.texts[name])
        return text

    def rename(self, module: ast.Module) -> None:
        """Give the variables of helpers the names that they have there, where nothing else has them."""
        nodes = [node for node in ast.walk(module) if isinstance(node, ast.Name)]
        inner = [n for n in ast.walk(module) if isinstance(n, ast.FunctionDef | ast.ClassDef)]
        used = {node.id for node in nodes} | {node.name for node in inner}
        for name in sorted(used & self.made):
            plain = re.sub(r"_\d+$", "", name)
            if plain not in used:
                used.add(plain)
                for node in nodes:
                    node.id = plain if node.id == name else node.id
                for one in inner:
                    one.name = plain if one.name == name else one.name

    def of_variable(self, node: ast.Name, value: Any) -> ast.expr:
        """A variable: its value, unless that is long, or came from the learner's code."""
        if isinstance(value, Lazy) or is_frameworks(value):
            return self.literal(value)
        filled = self.inner and isinstance(value, list | dict | set)
        if node.id in self.defined and (node.id in self.tainted or filled or not is_small(value)):
            return node
        return self.literal(value)

    def of_global(self, node: ast.Name, value: Any) -> ast.expr:
        """A name of the spec's file."""
        if isinstance(value, Lazy):
            return self.of_framework(value)
        if is_module_of_oracles(value):
            raise CannotTell
        if is_of_specs(value):
            self.modules[node.id] = value.__module__
            return node
        if isinstance(value, ModuleType | FunctionType) or hasattr(builtins, node.id):
            return node
        return self.literal(value)

    def of_framework(self, value: Any) -> ast.expr:
        """The name of something of the framework, which has to be imported from its module."""
        if isinstance(value, Lazy):
            name, module = repr(value), f"tinytorch.{vars(value)['_module']}"
        else:
            name, module = value.__name__, value.__module__
        self.modules[name] = module
        return ast.Name(name, ast.Load())

    def literal(self, value: Any) -> ast.expr:
        """A value as one writes it."""
        if type(value) in (list, tuple) and len(value) <= MOST:
            parts = [self.literal(one) for one in value]
            return (ast.List if isinstance(value, list) else ast.Tuple)(parts, ast.Load())
        if type(value) is dict and len(value) <= MOST:
            return ast.Dict(
                [self.literal(k) for k in value], [self.literal(v) for v in value.values()]
            )
        if isinstance(value, Lazy) or is_frameworks(value):
            return self.of_framework(value)
        if not is_plain(value):
            raise CannotTell
        made = self.written(code(value, "np.array"))
        if isinstance(value, np.ndarray):
            self.arrays[made.id] = value
        return made

    def written(self, text: str) -> ast.Name:
        """A text that stands in the program as it is."""
        name = f"value_{len(self.texts)}_of_spec"
        self.texts[name] = text
        return ast.Name(name, ast.Load())

    def text_of(self, node: ast.expr) -> str:
        """The text that an expression stands for, if `written` made it."""
        return self.texts.get(node.id, "") if isinstance(node, ast.Name) else ""

    def array_of(self, node: ast.expr) -> Array | None:
        """The array that an expression is written for, if it is one."""
        return self.arrays.get(node.id) if isinstance(node, ast.Name) else None

    def fresh(self, name: str) -> str:
        """A name that nothing has yet."""
        found, number = name, 2
        while found in self.taken:
            found, number = f"{name}_{number}", number + 1
        self.taken.add(found)
        self.made.add(found)
        return found
