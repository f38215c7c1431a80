"""What an answer is beside PyTorch's: equal, refused, documented, wrong or unclear. Pure rules.

equal       the same values, shape, dtype and gradients, or both refuse
refused     an exception of ours: raised on purpose, and its message names the argument
documented  another answer, for a reason that a docstring gives: `DOCUMENTED`
wrong       another answer
unclear     an exception from the inside, in the words of NumPy or Python
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

VERDICTS = ("equal", "refused", "documented", "wrong", "unclear")

TOLERANCE = {"float64": 1e-7, "float32": 2e-5, "float16": 4e-3}
"""How far values may be apart, relative and absolute, by the coarsest dtype among inputs and results."""

CLEAR = (
    "TypeError",
    "ValueError",
    "NotImplementedError",
    "AttributeError",
    "IndexError",
    "RuntimeError",
    "KeyError",
    "ZeroDivisionError",
)

COMMON_WORDS = {
    "dim",
    "dtype",
    "shape",
    "shapes",
    "device",
    "index",
    "axis",
    "tensor",
    "requires_grad",
}
"""Words that name what is wrong although no parameter is called so."""

SHAPE = re.compile(r"\(\d*,|\(\d+(, -?\d+)*\)|\(\)")
"""A shape in a message says which tensor is meant, too."""


@dataclass(frozen=True)
class Answer:
    """What a function gave: arrays, and the gradients of its inputs."""

    values: tuple[np.ndarray, ...]
    gradients: tuple[np.ndarray | None, ...] = ()


@dataclass(frozen=True)
class Refusal:
    """What a function raised."""

    kind: str
    message: str
    ours: bool = True
    """Raised by a statement of the framework, or by Python because the call does not fit the signature."""


@dataclass(frozen=True)
class Sample:
    """What is known of a call: enough to decide whether a difference is documented."""

    op: str
    dtypes: frozenset[str]
    words: frozenset[str] = frozenset()
    random: bool = False
    way: str = "function"
    keywords: dict[str, Any] = field(default_factory=dict)
    numbers: tuple[int, ...] = ()
    """Integers given by position."""
    inputs: tuple[np.ndarray, ...] = ()


@dataclass(frozen=True)
class Difference:
    """A difference that is documented."""

    reason: str
    ops: str
    holds: Callable[[Sample, Any, Any], bool]


def judge(sample: Sample, wanted: Answer | Refusal, got: Answer | Refusal) -> tuple[str, str]:
    """(verdict, reason) for one sample."""
    if isinstance(got, Refusal):
        if not clear(got, sample.words):
            return "unclear", f"{got.kind}: {got.message}"
        verdict = "equal" if isinstance(wanted, Refusal) else "refused"
        return verdict, f"{got.kind}: {got.message}"
    found = difference(sample, wanted, got)
    if not found:
        return "equal", ""
    for known in DOCUMENTED:
        if re.fullmatch(known.ops, sample.op) and known.holds(sample, wanted, got):
            return "documented", known.reason
    return "wrong", found


def clear(refusal: Refusal, words: Iterable[str]) -> bool:
    """Whether a learner understands it: raised on purpose, and the message names an argument.

    >>> clear(Refusal("IndexError", "dim 2 is not an axis of shape (3,)"), {"dim"})
    True
    >>> clear(Refusal("ValueError", "axes don't match array", ours=False), {"dims"})
    False
    """
    named = set(re.findall(r"[A-Za-z_]\w*", refusal.message)) & {*words, *COMMON_WORDS}
    return refusal.kind in CLEAR and refusal.ours and bool(named or SHAPE.search(refusal.message))


def difference(sample: Sample, wanted: Answer | Refusal, got: Answer) -> str:
    """What is not the same, in words; empty if nothing is."""
    if isinstance(wanted, Refusal):
        first_line = wanted.message.partition("\n")[0][:150]
        return f"accepted; PyTorch: {wanted.kind}: {first_line}"
    if len(wanted.values) != len(got.values):
        return f"{len(got.values)} results, not {len(wanted.values)}"
    for mine, theirs in zip(got.values, wanted.values, strict=True):
        if found := unlike(sample, mine, theirs):
            return found
    for place, pair in enumerate(zip(got.gradients, wanted.gradients, strict=True)):
        if found := unlike_gradient(sample, *pair):
            return f"gradient {place}: {found}"
    return ""


def unlike_gradient(sample: Sample, mine: np.ndarray | None, theirs: np.ndarray | None) -> str:
    """What is not the same of two gradients; none at all is as good as zeros."""
    if mine is not None and theirs is not None:
        return unlike(sample, mine, theirs)
    only = mine if theirs is None else theirs
    if only is None or not only.any():
        return ""
    return f"{'none' if mine is None else brief(mine)}, not {'none' if theirs is None else brief(theirs)}"


def unlike(sample: Sample, mine: np.ndarray, theirs: np.ndarray) -> str:
    """What is not the same of two arrays."""
    if mine.shape != theirs.shape:
        return f"shape {mine.shape}, not {theirs.shape}"
    if not same_dtype(sample, mine.dtype, theirs.dtype):
        return f"dtype {mine.dtype}, not {theirs.dtype}"
    if sample.random or near(
        mine, theirs, tolerance({*sample.dtypes, mine.dtype.name, theirs.dtype.name})
    ):
        return ""
    return f"{brief(mine)}, not {brief(theirs)}"


def same_dtype(sample: Sample, mine: np.dtype, theirs: np.dtype) -> bool:
    """The same; or the same kind where dtypes of inputs are mixed or whole: that is as in NumPy.

    >>> same_dtype(Sample("add", frozenset({"float32"})), np.dtype("f8"), np.dtype("f4"))
    False
    >>> same_dtype(Sample("add", frozenset({"int32"})), np.dtype("i8"), np.dtype("i4"))
    True
    """
    if len(sample.dtypes) == 1 and next(iter(sample.dtypes)).startswith("float"):
        return mine == theirs
    whole = {"u": "i"}
    return whole.get(mine.kind, mine.kind) == whole.get(theirs.kind, theirs.kind)


def tolerance(dtypes: Iterable[str]) -> float:
    """That of the coarsest."""
    return max((TOLERANCE.get(name, 0.0) for name in dtypes), default=0.0)


def near(mine: np.ndarray, theirs: np.ndarray, how: float) -> bool:
    """Whether values are equal, as far as may be asked; NaN is equal to NaN."""
    a, b = mine.astype(np.float64), theirs.astype(np.float64)
    with np.errstate(all="ignore"):
        return bool(np.allclose(a, b, rtol=how, atol=how, equal_nan=True))


def brief(array: np.ndarray) -> str:
    """The values on one line."""
    text = np.array2string(np.asarray(array), threshold=8, precision=6, separator=", ")
    return " ".join(text.split())[:90]


# Documented differences


def refused_there(*dtypes: str) -> Callable[[Sample, Any, Any], bool]:
    """PyTorch refuses, and all inputs are of such dtypes."""
    return lambda sample, wanted, got: isinstance(wanted, Refusal) and sample.dtypes <= set(dtypes)


def number_given(sample: Sample, wanted: Any, got: Any) -> bool:
    """PyTorch refuses a number in place of a tensor."""
    said = ("must be Tensor, not", "invalid combination of arguments - got (int")
    return isinstance(wanted, Refusal) and any(words in wanted.message for words in said)


def other_order(sample: Sample, wanted: Any, got: Any) -> bool:
    """The values are the same, and only places of equal values are others."""
    if not isinstance(wanted, Answer) or not sample.inputs:
        return False
    dim = sample.keywords.get("dim", sample.numbers[0] if sample.numbers else -1)
    one, other = (np.take_along_axis(sample.inputs[0], a.values[-1], dim) for a in (wanted, got))
    return np.array_equal(one, other)


def message_of(*parts: str) -> Callable[[Sample, Any, Any], bool]:
    """PyTorch refuses, with one of these texts in its message."""
    return lambda sample, wanted, got: (
        isinstance(wanted, Refusal) and any(part in wanted.message for part in parts)
    )


WHOLE = ("bool", "uint8", "int8", "int16", "int32", "int64")

DOCUMENTED = (
    Difference(
        "a mean or variance of integers is float32 (01: mean)",
        "mean|var|var_mean|std",
        refused_there(*WHOLE),
    ),
    Difference(
        "booleans are numbers, as in NumPy (01: dtypes)",
        "abs|pow|__rpow__|matmul|__rmatmul__|nn.functional.linear|nn.functional.relu|clamp|einsum"
        "|median|topk|argmax|argmin|trace|cumsum",
        refused_there("bool"),
    ),
    Difference(
        "a number or an array may take the place of a tensor (From PyTorch)",
        "[a-z_]+",
        number_given,
    ),
    Difference(
        "dtypes mix, as in NumPy (01: dtypes)",
        "allclose|isclose",
        message_of("did not match"),
    ),
    Difference(
        "float16 is computed in float32, and rounded once (From PyTorch)",
        "cdist",
        lambda sample, wanted, got: sample.dtypes == {"float16"},
    ),
    Difference("integers are rounded already (round)", "round", refused_there("int64", "uint8")),
    Difference(
        "classes may have any integer dtype (one_hot)",
        "nn.functional.one_hot",
        refused_there("uint8"),
    ),
    Difference(
        "bounds in the wrong order give an empty tensor (arange)",
        "arange",
        message_of("inconsistent with step sign"),
    ),
    Difference(
        "the result is a boolean for every dtype (all, any)",
        "all|any",
        lambda sample, wanted, got: sample.dtypes == {"uint8"} and got.values[0].dtype == np.bool_,
    ),
    Difference("equal values stay in order (argsort)", "sort|argsort|topk", other_order),
)
"""Where the framework gives another result, and says so: in the docstring, or on the page From PyTorch."""
