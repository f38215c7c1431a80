"""03 · Layers: modules that hold parameters, and how they are put together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from tinytorch.moduleconveniences import ModuleConveniences, sets_to_none
from tinytorch.primitive import Array, check_floating
from tinytorch.statedicts import loads_whole, with_every_name
from tinytorch.tensor import DEFAULT_DTYPE, Tensor, default_generator, flatten, linear


class Parameter(Tensor):
    """A Tensor that a Module owns and an optimizer changes. It requires a gradient.

    >>> Parameter(np.zeros(2, np.float32)).requires_grad
    True
    """

    __slots__ = ()

    def __init__(self, data: ArrayLike, requires_grad: bool = True) -> None:
        super().__init__(data, requires_grad)


class Buffer(Tensor):
    """A Tensor that a Module saves but nobody trains, such as a running mean."""

    __slots__ = ()


class Module(ModuleConveniences):
    """Anything that has parameters, or parts that have them.

    A subclass assigns its parameters, buffers and parts to attributes and defines ``forward``. Its
    methods find them by looking at the attributes, in the order in which they were assigned.
    ``training`` says whether the module is being trained (`train`) or used (`eval`).
    """

    training = True

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute. Only another parameter may replace a parameter, and only a buffer a buffer."""
        kind = type(vars(self).get(name))
        if kind in (Parameter, Buffer) and value is not None and not isinstance(value, kind):
            raise TypeError(
                f"{name} is a {kind.__name__} and would be lost: write {kind.__name__}(…) around the"
                f" {type(value).__name__}, or set {name}.data"
            )
        super().__setattr__(name, value)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.forward(*args, **kwargs)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes: each subclass defines its own."""
        raise TypeError(f"{type(self).__name__} does not define forward")

    def children(self) -> Iterator[Module]:
        """Yield the modules among the attributes, but not the parts of those modules."""
        for _, child in self.named_children():
            yield child

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Yield (name, module) for the modules among the attributes, in order."""
        for name, value in vars(self).items():
            if isinstance(value, Module):
                yield name, value

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """Yield (name, module) for this module and all parts of it, however deep.

        A name joins the attributes on the way with dots; this module's own name is ``prefix``. A module
        that is reached twice is yielded once, as in PyTorch.
        """
        seen: set[int] = set()
        waiting: list[tuple[str, Module]] = [(prefix, self)]
        while waiting:
            name, module = waiting.pop()
            if id(module) in seen:
                continue
            seen.add(id(module))
            yield name, module
            inner = [(f"{name}.{part}".lstrip("."), m) for part, m in module.named_children()]
            waiting.extend(reversed(inner))

    def modules(self) -> Iterator[Module]:
        """Yield this module and all parts of it, however deep, each once."""
        for _, module in self.named_modules():
            yield module

    def named_tensors(self, kind: type[Tensor]) -> Iterator[tuple[str, Any]]:
        """Yield (name, tensor) for the attributes of one kind, here and in all parts, each once.

        Args:
            kind: `Parameter` or `Buffer`.

        A name joins the attributes on the way with dots: ``"0.weight"``. A module's own come before those of
        its parts. A tensor that two modules share is yielded once, under its first name.
        """
        seen: set[int] = set()
        for prefix, module in self.named_modules():
            for name, value in vars(module).items():
                if isinstance(value, kind) and id(value) not in seen:
                    seen.add(id(value))
                    yield f"{prefix}.{name}".lstrip("."), value

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Yield (name, parameter) for all parameters, here and in all parts."""
        yield from self.named_tensors(Parameter)

    def parameters(self) -> Iterator[Parameter]:
        """Yield all parameters, here and in all parts."""
        for _, parameter in self.named_parameters():
            yield parameter

    def named_buffers(self) -> Iterator[tuple[str, Buffer]]:
        """Yield (name, buffer) for all buffers, here and in all parts."""
        yield from self.named_tensors(Buffer)

    def buffers(self) -> Iterator[Buffer]:
        """Yield all buffers, here and in all parts."""
        for _, buffer in self.named_buffers():
            yield buffer

    def train(self, mode: bool = True) -> Self:
        """Set ``training`` here and in all parts; returns the module itself."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Set ``training`` to False here and in all parts; returns the module itself."""
        return self.train(False)

    @sets_to_none
    def zero_grad(self) -> None:
        """Clear all gradients: set each parameter's ``grad`` to None."""
        for parameter in self.parameters():
            parameter.grad = None

    @with_every_name
    def state_dict(self) -> dict[str, Array]:
        """All parameters, and then all buffers, by name, as copies.

        Returns:
            A dict from names like ``"0.weight"`` to ndarrays that share no memory with the module.
        """
        tensors = [*self.named_parameters(), *self.named_buffers()]
        return {name: tensor.data.copy() for name, tensor in tensors}

    @loads_whole
    def load_state_dict(
        self, state_dict: Mapping[str, Tensor | Array], strict: bool = True
    ) -> None:
        """Put saved values into parameters and buffers.

        Args:
            state_dict: a dict from names to arrays or Tensors, as `state_dict` gives it.
            strict: whether missing or unknown names are an error.
        Raises:
            KeyError: names are missing or unknown; the message names all of them.
            ValueError: an array has another shape, strict or not; the message names it and both shapes.

        Values are copied into the existing memory, in its dtype, so that an optimizer keeps
        its parameters. If anything is wrong, nothing changes.
        """
        own = dict([*self.named_parameters(), *self.named_buffers()])
        given = {
            n: v.data if isinstance(v, Tensor) else np.asarray(v) for n, v in state_dict.items()
        }
        missing, unexpected = sorted(own.keys() - given), sorted(given.keys() - own)
        if strict and (missing or unexpected):
            raise KeyError(f"state_dict does not fit: missing {missing}, unexpected {unexpected}")
        for name in own.keys() & given:
            if own[name].shape != given[name].shape:
                raise ValueError(
                    f"{name} has shape {own[name].shape}, but the state has {given[name].shape}"
                )
        for name in own.keys() & given:
            own[name].data[...] = given[name]

    def __repr__(self) -> str:
        inner = [f"  ({name}): {child!r}".replace("\n", "\n  ") for name, child in self._shown()]
        head = f"{type(self).__name__}({self.extra_repr()}"
        return "\n".join([head, *inner, ")"]) if inner else f"{head})"

    def _shown(self) -> Iterator[tuple[str | int, Any]]:
        return self.named_children()

    def extra_repr(self) -> str:
        """What `repr` shows between the parentheses."""
        return ""


class Linear(Module):
    """A matrix product and a bias: every output depends on every input.

    y = x Wᵀ + b

    Args:
        in_features: length of the last axis of the input.
        out_features: length of the last axis of the output.
        bias: whether to add b.
        generator: draws the first values; the default one (`manual_seed`) if None.
        dtype: of the parameters.
    Attributes:
        weight: W, a Parameter (out_features, in_features).
        bias: b, a Parameter (out_features,), or None.
    Raises:
        ValueError: ``in_features`` or ``out_features`` is below 1; the message names it and its value.
    """

    in_features: int
    out_features: int
    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        generator: np.random.Generator | None = None,
        dtype: DTypeLike = DEFAULT_DTYPE,
    ) -> None:
        """Check the sizes and draw the first values.

        Draw first the weight and then the bias uniformly from ±1/√in_features: the sum of in_features
        products then stays about as large as the inputs. With a generator of the same seed, the weight
        is the same with and without a bias.
        """
        for name, size in (("in_features", in_features), ("out_features", out_features)):
            if size < 1:
                raise ValueError(f"{name} must be at least 1, got {size}")
        generator = generator or default_generator()
        bound = 1 / np.sqrt(in_features)
        draw = lambda *shape: Parameter(generator.uniform(-bound, bound, shape).astype(dtype))
        self.in_features = in_features
        self.out_features = out_features
        self.weight = draw(out_features, in_features)
        self.bias = draw(out_features) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """Apply x Wᵀ + b.

        Args:
            x: (*, in_features), any number of axes in front.
        Returns:
            (*, out_features).
        Raises:
            ValueError: the last axis of ``x`` is not in_features; the message names
                ``in_features``, its value and the shape.
            TypeError: ``x`` is not floating; the message names its dtype.
        """
        if x.shape[-1:] != (self.in_features,):
            raise ValueError(
                f"x must have shape (*, in_features={self.in_features}), got {x.shape}"
            )
        check_floating(x, "x")
        if self.bias is None:
            return x @ self.weight.T  # (*, out_features)
        return linear(x, self.weight, self.bias)  # (*, out_features)

    def extra_repr(self) -> str:
        sizes = f"in_features={self.in_features}, out_features={self.out_features}"
        return f"{sizes}, bias={self.bias is not None}"


class Dropout(Module):
    """While training, set a random part of the input to zero, so that the network relies on no single unit.

    Args:
        p: the probability that an element becomes zero.
        generator: draws which; the default one if None.
    Raises:
        ValueError: ``p`` is outside [0, 1]; the message names it and its value.
    """

    p: float
    generator: np.random.Generator | None

    def __init__(self, p: float = 0.5, *, generator: np.random.Generator | None = None) -> None:
        """Check p and remember it."""
        if not 0 <= p <= 1:
            raise ValueError(f"p must be in [0, 1], got {p}")
        self.p = p
        self.generator = generator

    def forward(self, x: Tensor) -> Tensor:
        """Drop elements while training; otherwise return ``x``.

        Elements that stay are divided by 1 - p, so that the mean stays the same and there is nothing to do
        in evaluation mode. With p = 1 everything is zero. The dtype stays. (An infinity that is dropped
        may become NaN: infinity times 0 is NaN, in PyTorch too.)

        Args:
            x: any shape.
        Returns:
            Same shape and dtype as ``x``.
        Raises:
            TypeError: ``x`` is not floating, in either mode; the message names its dtype.
        """
        check_floating(x, "x")
        if not self.training or self.p == 0:
            return x
        if self.p == 1:
            return x * np.zeros(x.shape, x.dtype)
        kept = (self.generator or default_generator()).random(x.shape) >= self.p
        return x * (kept / (1 - self.p)).astype(x.dtype)

    def extra_repr(self) -> str:
        return f"p={self.p}"


class Flatten(Module):
    """Join neighboring axes: images (N, C, H, W) become rows (N, C · H · W).

    Args:
        start_dim: the first axis to join.
        end_dim: the last one.
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        """Remember which axes to join."""
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, x: Tensor) -> Tensor:
        """Join the axes from start_dim to end_dim, both included."""
        return flatten(x, self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Sequential(Module):
    """Modules, or other functions of a Tensor, one after the other.

    Args:
        modules: Modules or callables such as ``ReLU()``. They are named "0", "1", … in the
            state dict.
    Raises:
        TypeError: one of them is not callable; the message names its position.

    You can take its length, iterate over it and index it; a slice gives a Sequential of the same modules.
    """

    def __init__(self, *modules: Callable[[Tensor], Tensor]) -> None:
        """Check the modules and keep each as an attribute named by its position."""
        for position, module in enumerate(modules):
            if not callable(module):
                raise TypeError(f"module {position} cannot be called: {module!r}")
            setattr(self, str(position), module)

    def forward(self, x: Tensor) -> Tensor:
        """Pass ``x`` to the first, its result to the next, and so on."""
        for module in self:
            x = module(x)
        return x

    def __len__(self) -> int:
        return sum(name.isdecimal() for name in vars(self))

    def __iter__(self) -> Iterator[Any]:
        return iter([value for name, value in vars(self).items() if name.isdecimal()])

    def __getitem__(self, index: int | slice) -> Any:
        found = list(self)[index]
        return Sequential(*found) if isinstance(index, slice) else found

    def _shown(self) -> Iterator[tuple[int, Any]]:
        return enumerate(self)
