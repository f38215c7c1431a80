"""The functions that canaries are planted on: each right or wrong for certain, whatever it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cached_property
from typing import Any


class Decoys:
    """Planted functions.

    Args:
        amount: a number above 1 that wrong ones are wrong by; no code can know it.
        names: the global names of the file of specs.
    Attributes:
        moved: whether a wrong one has been wrong yet.
        kept: whether one had to be right, since what it was given was empty.
    """

    size = 4_000_000
    """The bytes that `filling` fills."""

    def __init__(self, amount: float, names: dict[str, Any]) -> None:
        self.amount = amount
        self.names = names
        self.moved = self.kept = False

    @cached_property
    def numbers(self) -> Any:
        """Six numbers in two rows."""
        import numpy as np

        return np.arange(1.0, 7.0).reshape(2, 3) / self.amount

    def copied(self, value: Any) -> Any:
        """The same value in memory of its own."""
        return value.copy() if hasattr(value, "copy") else value

    def other(self, value: Any) -> Any:
        """Another value of the same kind, far away in every element, or something else; not if empty."""
        import numpy as np

        empty = isinstance(value, np.ndarray) and not value.size
        self._note(not empty)
        if empty:
            return value
        if isinstance(value, tuple | list | dict | str) or value is None:
            return Nothing()
        try:
            array = np.asarray(value)
        except Exception:
            return Nothing()
        if array.dtype.kind == "b":
            return ~array
        if array.dtype.kind not in "iufc":
            return Nothing()
        with np.errstate(all="ignore"):
            wide = array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)
            moved = wide + self.amount * (1 + np.abs(wide))
            return np.where(np.isfinite(wide), moved, self.amount)

    def _note(self, moved: bool) -> None:
        self.moved |= moved
        self.kept |= not moved

    def holding(self, condition: object) -> bool:
        """True."""
        return True

    def failing(self, condition: object) -> bool:
        """False."""
        self.moved = True
        return False

    def refusing(self, text: str) -> None:
        """Raise a ValueError."""
        raise ValueError(text)

    def quiet(self) -> AbstractContextManager[None]:
        """Let no error out."""
        self.moved = True
        return suppress(Exception)

    def filling(self) -> object:
        """Fill some memory."""
        return bytearray(self.size)

    def stepping(self) -> int:
        """Run some lines."""
        total = 0
        for number in range(40):
            total += number
        return total

    def sloped(self, tensor: Any) -> Any:
        """A straight line, for planted tensors."""
        return Planted(self.amount * tensor.data, source=tensor, slope=self.amount)

    def bent(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, but with another slope than its gradient says."""

        def other(*tensors: Any) -> Any:
            out = function(*tensors)
            if any(getattr(tensor, "requires_grad", False) for tensor in tensors):
                return out
            added = sum(float(tensor.data.sum()) for tensor in tensors)
            self._note(bool(out.data.size and added))
            return type(out)(out.data + self.amount * added)

        return other

    @contextmanager
    def tensors(self) -> Iterator[None]:
        """Let the specs' helpers take planted tensors for the learner's."""
        check = self.names["check_gradient"]
        spaces = [check.__globals__, check.__globals__["data_of"].__globals__]
        before = [space["Tensor"] for space in spaces]
        for space in spaces:
            space["Tensor"] = Planted
        try:
            yield
        finally:
            for space, one in zip(spaces, before, strict=True):
                space["Tensor"] = one


class Nothing:
    """Is equal to nothing, not even to what says that it is equal to everything."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return False


class Planted:
    """A tensor that knows one gradient.

    Args:
        data: the array.
        requires_grad: as a learner's Tensor has it.
        source: what it was computed from.
        slope: by which number.
    """

    def __init__(
        self, data: Any, requires_grad: bool = False, source: Any = None, slope: float = 0.0
    ) -> None:
        self.data = data
        self.requires_grad = requires_grad
        self.source = source
        self.slope = slope
        self.grad: Any = None

    def backward(self, grad: Any) -> None:
        """Give the gradient to what this was computed from."""
        self.source.grad = self.slope * grad
