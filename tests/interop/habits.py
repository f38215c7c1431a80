"""What PyTorch's users write, run on a framework: each line of `habits.toml`, and what it came to."""

from __future__ import annotations

import ast
import json
import re
import tomllib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
EXPECTED = HERE / "expected.json"
"""What PyTorch gives: made by `python -m tests.interop.make_expected`."""

PREAMBLE = """
import numpy as np
import torch
from torch import nn, optim
import torch.nn.functional as F
x = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
v = torch.tensor([3.0, 1.0, 2.0])
n = torch.tensor([2, 0, 1])
mask = x > 2
img = torch.arange(32.0).reshape(2, 1, 4, 4) / 32
"""

WAY = re.compile(r"\b(use|write) \S")
"""What the message of a clear refusal contains: what to write instead."""

CLEAR = (AttributeError, TypeError, NotImplementedError, ValueError)


def table() -> dict[str, Any]:
    return tomllib.loads((HERE / "habits.toml").read_text(encoding="utf-8"))


def habits() -> Iterator[tuple[str, str]]:
    """Yield (group.name, code) for each habit."""
    for group, lines in table().items():
        if group not in ("raises", "refused", "stays"):
            for name, code in lines.items():
                yield f"{group}.{name}", code.strip()


def as_code(code: str) -> str:
    """The habit as a program that leaves the value of its last line in ``result``."""
    tree = ast.parse(code)
    last = tree.body[-1]
    if isinstance(last, ast.Expr):
        tree.body[-1] = ast.Assign(
            [ast.Name("result", ast.Store())], last.value, lineno=last.lineno
        )
    return ast.unparse(ast.fix_missing_locations(tree))


def evaluate(code: str, framework: str, path: Path) -> Any:
    """What a habit leaves as ``result``, with ``torch`` meaning ``framework``."""
    program = re.sub(r"\btorch\b", framework, PREAMBLE + as_code(code))
    names: dict[str, Any] = {"path": str(path), "__name__": "habit"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(compile(program, "habit", "exec"), names)
    return plain(names.get("result"))


def plain(value: Any) -> Any:
    """A result in a form that JSON holds and that both frameworks share."""
    if hasattr(value, "detach") or isinstance(value, np.ndarray):
        array = np.asarray(value.detach().numpy() if hasattr(value, "detach") else value)
        values = [repr(n) if n != n or abs(n) == np.inf else n for n in array.ravel().tolist()]
        return {"shape": list(array.shape), "dtype": array.dtype.name, "values": values}
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (tuple, list)):
        return [plain(part) for part in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return float(value) if isinstance(value, float) else int(value)
    return str(value).removeprefix("torch.")


def same(got: Any, expected: Any) -> bool:
    """Whether two results are equal, floats nearly."""
    if isinstance(expected, dict) and isinstance(got, dict) and "shape" in expected:
        return all(same(got[key], expected[key]) for key in ("shape", "dtype", "values"))
    if isinstance(expected, list) and isinstance(got, list):
        return len(got) == len(expected) and all(map(same, got, expected))
    if isinstance(expected, float) and isinstance(got, float):
        return bool(np.isclose(got, expected, rtol=1e-5, atol=1e-6))
    return type(got) is type(expected) and got == expected


def outcome(code: str, expected: Any, framework: str, path: Path) -> tuple[str, Any]:
    """(kind, what happened): works, different, refused or unclear."""
    try:
        got = evaluate(code, framework, path)
    except Exception as error:
        clear = isinstance(error, CLEAR) and WAY.search(str(error))
        return ("refused" if clear else "unclear"), f"{type(error).__name__}: {error}"
    return ("works" if same(got, expected) else "different"), got


def expected() -> dict[str, Any]:
    return json.loads(EXPECTED.read_text(encoding="utf-8"))
