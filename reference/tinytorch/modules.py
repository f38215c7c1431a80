"""Modules that PyTorch has and the course does not require; `tinytorch.nn` offers them.

Given, not an exercise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tinytorch import functional as F
from tinytorch import functions
from tinytorch.layers import Module


class Identity(Module):
    """Returns its input unchanged; arguments of the constructor are ignored."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Nothing to remember."""

    def forward(self, x: Any) -> Any:
        """``x``."""
        return x


class ModuleList(Module):
    """A list of modules whose parameters are registered."""

    def __init__(self, modules: Iterable[Any] = ()) -> None:
        """Keep each module as an attribute named by its position."""
        self.extend(modules)

    def append(self, module: Any) -> ModuleList:
        """Append a module."""
        setattr(self, str(len(self)), module)
        return self

    def extend(self, modules: Iterable[Any]) -> ModuleList:
        """Append several modules."""
        for module in modules:
            self.append(module)
        return self

    def insert(self, index: int, module: Any) -> None:
        """Insert a module before ``index``."""
        found = list(self)
        found.insert(index, module)
        self.extend_anew(found)

    def extend_anew(self, modules: list[Any]) -> None:
        """Keep exactly these modules."""
        for name in [name for name in vars(self) if name.isdecimal()]:
            delattr(self, name)
        self.extend(modules)

    def __len__(self) -> int:
        return sum(name.isdecimal() for name in vars(self))

    def __iter__(self) -> Iterator[Any]:
        return iter([value for name, value in vars(self).items() if name.isdecimal()])

    def __getitem__(self, index: int | slice) -> Any:
        found = list(self)[index]
        return ModuleList(found) if isinstance(index, slice) else found

    def __setitem__(self, index: int, module: Any) -> None:
        setattr(self, str(range(len(self))[index]), module)


class ModuleDict(Module):
    """A dictionary of modules whose parameters are registered."""

    def __init__(self, modules: Mapping[str, Any] | None = None) -> None:
        """Keep each module as an attribute of its name."""
        self.names: dict[str, None] = {}
        self.update(modules or {})

    def update(self, modules: Mapping[str, Any]) -> None:
        """Add modules, or replace those of the same name."""
        for name, module in modules.items():
            self[name] = module

    def keys(self) -> Iterable[str]:
        """The names, in order."""
        return self.names.keys()

    def values(self) -> list[Any]:
        """The modules, in order."""
        return [self[name] for name in self.names]

    def items(self) -> list[tuple[str, Any]]:
        """(name, module), in order."""
        return [(name, self[name]) for name in self.names]

    def __getitem__(self, name: str) -> Any:
        if name not in self.names:
            raise KeyError(name)
        return vars(self)[name]

    def __setitem__(self, name: str, module: Any) -> None:
        if hasattr(type(self), name) or name == "names":
            raise KeyError(f"{name!r} is a name that every ModuleDict has: use another")
        self.names[name] = None
        setattr(self, name, module)

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)


class Unflatten(Module):
    """One axis split into several."""

    def __init__(self, dim: int, unflattened_size: tuple[int, ...]) -> None:
        """Remember the axis and its new lengths."""
        self.dim, self.unflattened_size = dim, unflattened_size

    def forward(self, x: Any) -> Any:
        """The axis ``dim`` as several."""
        return functions.unflatten(x, self.dim, self.unflattened_size)


class ZeroPad2d(Module):
    """Zeros around images: (left, right, top, bottom), or one number."""

    def __init__(self, padding: Any) -> None:
        """Remember the sizes."""
        self.padding = (padding,) * 4 if isinstance(padding, int) else tuple(padding)

    def forward(self, x: Any) -> Any:
        """The padded images."""
        return F.pad(x, self.padding)


class AdaptiveAvgPool2d(Module):
    """Means over ``output_size`` windows."""

    def __init__(self, output_size: Any) -> None:
        """Remember the sizes."""
        self.output_size = output_size

    def forward(self, x: Any) -> Any:
        """Apply `F.adaptive_avg_pool2d`."""
        return F.adaptive_avg_pool2d(x, self.output_size)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class LeakyReLU(Module):
    """`F.leaky_relu`."""

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        """Remember the slope."""
        self.negative_slope, self.inplace = negative_slope, inplace

    def forward(self, x: Any) -> Any:
        """Apply it."""
        return F.leaky_relu(x, self.negative_slope, self.inplace)

    def extra_repr(self) -> str:
        return f"negative_slope={self.negative_slope}"


class ELU(Module):
    """`F.elu`."""

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        """Remember α."""
        self.alpha, self.inplace = alpha, inplace

    def forward(self, x: Any) -> Any:
        """Apply it."""
        return F.elu(x, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        return f"alpha={self.alpha}"


class SiLU(Module):
    """`F.silu`."""

    def __init__(self, inplace: bool = False) -> None:
        """Remember whether to store the result in the input."""
        self.inplace = inplace

    def forward(self, x: Any) -> Any:
        """Apply it."""
        return F.silu(x, self.inplace)


class Softplus(Module):
    """`F.softplus`."""

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        """Remember β, and the threshold above which the result is x."""
        self.beta, self.threshold = beta, threshold

    def forward(self, x: Any) -> Any:
        """Apply it."""
        return F.softplus(x, self.beta, self.threshold)

    def extra_repr(self) -> str:
        return f"beta={self.beta}, threshold={self.threshold}"


class LogSigmoid(Module):
    """`F.logsigmoid`."""

    def forward(self, x: Any) -> Any:
        """Apply it."""
        return F.logsigmoid(x)


class ReLU6(Module):
    """`F.relu6`."""

    def __init__(self, inplace: bool = False) -> None:
        """Remember whether to store the result in the input."""
        self.inplace = inplace

    def forward(self, x: Any) -> Any:
        """Apply it."""
        return F.relu6(x, self.inplace)


class LogSoftmax(Module):
    """`F.log_softmax` along ``dim``."""

    def __init__(self, dim: int = -1) -> None:
        """Remember the axis."""
        self.dim = dim

    def forward(self, x: Any) -> Any:
        """Apply it."""
        return F.log_softmax(x, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class Loss(Module):
    """What the losses here share: a reduction, and arguments for the function."""

    def __init__(self, reduction: str = "mean", **settings: Any) -> None:
        """Remember the reduction and the arguments."""
        self.reduction, self.settings = reduction, settings
        for name, value in settings.items():
            setattr(self, name, value)

    def forward(self, input: Any, target: Any) -> Any:
        """Apply the function of `F` that belongs to the class."""
        return getattr(F, self.function)(input, target, reduction=self.reduction, **self.settings)

    function: str


class L1Loss(Loss):
    """`F.l1_loss`."""

    function = "l1_loss"


class SmoothL1Loss(Loss):
    """`F.smooth_l1_loss`."""

    function = "smooth_l1_loss"


class HuberLoss(Loss):
    """`F.huber_loss`."""

    function = "huber_loss"


class BCELoss(Loss):
    """`F.binary_cross_entropy`."""

    function = "binary_cross_entropy"


class BCEWithLogitsLoss(Loss):
    """`F.binary_cross_entropy_with_logits`, which is that of 04 without weights."""

    function = "binary_cross_entropy_with_logits"

    def __init__(
        self, weight: Any = None, *, reduction: str = "mean", pos_weight: Any = None
    ) -> None:
        """Remember the reduction and the weights."""
        super().__init__(reduction, weight=weight, pos_weight=pos_weight)


class NLLLoss(Loss):
    """`F.nll_loss`."""

    function = "nll_loss"

    def __init__(
        self, weight: Any = None, ignore_index: int = -100, reduction: str = "mean"
    ) -> None:
        """Remember the reduction and the arguments."""
        super().__init__(reduction, weight=weight, ignore_index=ignore_index)


class CrossEntropyLoss(Loss):
    """`F.cross_entropy`, which is that of 04 without further arguments."""

    function = "cross_entropy"

    def __init__(
        self,
        weight: Any = None,
        size_average: Any = None,
        ignore_index: int = -100,
        reduce: Any = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        """Remember the reduction and the arguments."""
        more = {"ignore_index": ignore_index, "label_smoothing": label_smoothing}
        old = {"size_average": size_average, "reduce": reduce}
        super().__init__(reduction, weight=weight, **more, **old)


class KLDivLoss(Loss):
    """`F.kl_div`."""

    function = "kl_div"


class Upsample(Module):
    """`F.interpolate`."""

    def __init__(self, size: Any = None, scale_factor: Any = None, mode: str = "nearest") -> None:
        """Remember the size or the factor."""
        self.size, self.scale_factor, self.mode = size, scale_factor, mode

    def forward(self, x: Any) -> Any:
        """Apply it."""
        return F.interpolate(x, self.size, self.scale_factor, self.mode)


class PairwiseDistance(Module):
    """The distance between vectors."""

    def forward(self, x1: Any, x2: Any) -> Any:
        """The length of the difference along the last axis."""
        return functions.norm(x1 - x2 + 1e-6, 2, -1)
