"""Source is parsed in one thread at a time, whoever asks: an editor's server, or a class that is graded."""

from __future__ import annotations

import ast
import re
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from pytest_tinytorch.course import syntax
from pytest_tinytorch.course.syntax import quiet_syntax_tree, syntax_tree
from tests.support import kit

PLUGIN = kit.ROOT / "pytest_tinytorch"
PARSERS = re.compile(r"ast\.parse|(ast\.)?PyCF_ONLY_AST|from ast import .*")
"""What makes a syntax tree of source; `compile` does not, unless a flag tells it to."""


@pytest.mark.parametrize("parse", [syntax_tree, quiet_syntax_tree])
def test_one_thread_at_a_time_parses(monkeypatch, parse):
    inside, most = [], []

    def parsed(source):
        inside.append(source)
        most.append(len(inside))
        time.sleep(0.02)
        inside.remove(source)

    monkeypatch.setattr(syntax, "ast", SimpleNamespace(parse=parsed))
    with ThreadPoolExecutor(4) as threads:
        assert len([*threads.map(parse, map(str, range(8)))]) == 8
    assert most == [1] * 8


def test_what_python_would_warn_of_is_kept_quiet_if_asked():
    source = b"# coding: latin-1\n'\\d \xe9'"
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        tree = quiet_syntax_tree(source)
        assert not found
        assert ast.dump(syntax_tree(source)) == ast.dump(tree)
        assert len(found) == 1
    assert tree.body[0].value.value == "\\d é"


def test_the_plugin_parses_nowhere_else():
    found = {
        file.relative_to(PLUGIN).as_posix()
        for file in PLUGIN.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute | ast.Name | ast.ImportFrom)
        and PARSERS.fullmatch(ast.unparse(node))
    }
    assert found == {"course/syntax.py"}
