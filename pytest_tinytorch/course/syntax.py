"""Source to its syntax tree, in one thread at a time."""

from __future__ import annotations

import ast
import threading
import warnings

PARSING = threading.RLock()
"""Held while source is parsed: Python 3.11 counts for all threads together how deep a syntax tree is, so that
two of them that parse at once can end in a SystemError."""


def syntax_tree(source: str | bytes) -> ast.Module:
    """The syntax tree of source; of bytes in the coding that they say.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: as `ast.parse`.
    """
    with PARSING:
        return ast.parse(source)


def quiet_syntax_tree(source: str | bytes) -> ast.Module:
    """The same, without what Python would warn of."""
    with PARSING, warnings.catch_warnings():  # which is for one thread at a time, too
        warnings.simplefilter("ignore")
        return ast.parse(source)


def compiled_syntax_tree(source: str) -> ast.Module:
    """The same, of what can be compiled as well: some errors show only then."""
    with PARSING, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compile(source, "<source>", "exec", dont_inherit=True)
        return ast.parse(source)
