"""Random programs that change tensors in place: the values and gradients that a framework gives."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

EXPECTED = Path(__file__).parent / "in_place.json"
"""What PyTorch gives for each: made by `python -m tests.interop.make_expected`."""

COUNT, LINES = 400, 7

TEMPLATES = (
    "{x} += {y}",
    "{x} *= {y}",
    "{x} -= 0.5",
    "{x} /= 2",
    "{x} = {y} * {x}",
    "{x} = {y}.exp()",
    "{x} = {y} + 1",
    "{x} = {y}.reshape(3, 2).T + {x}",
    "{x}[0] = {y}[1]",
    "{x}[{i}] += {y}[{j}]",
    "{x}[:, 1] *= {y}[:, 2]",
    "{x}[0, 1] = {y}[1, 0] * 2",
    "{x}[0, 2] += {y}[1, 1]",
    "{x}[{y} > 0] = 0.25",
    "{x}[[0, 1], [1, 2]] = {y}[0, :2]",
    "part = {x}[{i}]; part *= {y}[{j}]",
    "part = {x}.T; part += 1; {y} = part.T",
    "part = {x}.reshape(-1); part[1:3] = 2",
    "part = {x}[1]; {x} *= 2; {y} = {y} + part",
    "{x}.mul_({y}).clamp_(-3, 3)",
    "{x}.add_({y}, alpha=0.5)",
    "{x}.zero_()",
    "{x}.copy_({y})",
    "{x} = torch.zeros(2, 3)",
    "{x} = {y}.detach()",
    "{x} = {y}.clone()",
    "{x} = {y}",
    "with torch.no_grad(): {x} += 1",
    "with torch.no_grad(): {x}[0, 0] = 3",
    "w += {x}",
    "with torch.no_grad(): w *= 0.5",
)


def programs() -> Iterator[str]:
    """Yield the programs, the same ones each time. Each ends with the sum that is differentiated."""
    for number in range(COUNT):
        draw = random.Random(number)
        lines = ["a, b = w * 1, w * w"]
        for template in draw.choices(TEMPLATES, k=LINES):
            x, y = draw.sample(["a", "b"], 2)
            lines.append(template.format(x=x, y=y, i=draw.randrange(2), j=draw.randrange(2)))
        yield "\n".join([*lines, "loss = (a * b + a * w).sum()"])


def outcome(program: str, torch: Any) -> Any:
    """[loss, gradient of w] of a program; None if the framework refuses it."""
    w = torch.tensor([[0.5, -1.0, 0.25], [1.5, 0.75, -0.5]], requires_grad=True)
    names: dict[str, Any] = {"torch": torch, "w": w}
    try:
        exec(program, names)
        names["loss"].backward()
    except RuntimeError:
        return None
    gradient = np.asarray(w.grad)
    return [names["loss"].item(), gradient.ravel().tolist()]


def expected() -> list[Any]:
    """What PyTorch gives for each program."""
    kept: list[Any] = json.loads(EXPECTED.read_text(encoding="utf-8"))
    return kept


def same(got: Any, wanted: Any) -> bool:
    """Whether two outcomes agree, but for rounding."""
    if got is None or wanted is None:
        return got is wanted
    numbers = lambda outcome: np.array([outcome[0], *outcome[1]])
    return np.allclose(numbers(got), numbers(wanted), rtol=1e-4, atol=1e-5, equal_nan=True)
