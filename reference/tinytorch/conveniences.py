"""What PyTorch's users expect of a tensor in addition to the exercises: shortcuts and other names.

Given, not an exercise. `primitive.Variable` inherits from `TensorConveniences`, so every Tensor has them;
what `tensor.py` defines itself takes precedence. A name that PyTorch has and this framework does not have
raises an AttributeError that says what to write instead.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from importlib import import_module
from typing import Any, Self

import numpy as np

from tinytorch.instead import INSTEAD, Refused, only_cpu, refuse
from tinytorch.signatures import TENSOR, renamed, widen

STORED = (
    "mul div pow neg abs exp log sqrt square reciprocal rsqrt sin cos tan log2 log10 log1p expm1 erf sign"
    " floor ceil round clamp clamp_min clamp_max clip relu sigmoid tanh lerp remainder tril triu logical_and"
    " logical_or logical_xor logical_not"
)
"""Methods that also have a form with ``_`` at the end, which stores the result in the tensor."""

WRITTEN = (
    "add_ sub_ addcmul_ addcdiv_ fill_ zero_ fill_diagonal_ copy_ normal_ uniform_ masked_fill_ detach_"
    " scatter scatter_"
)
"""Methods in `inplace.py`."""


class Method:
    """A method that calls the function of the same name in `functions.py`, with the tensor first."""

    def __init__(self, name: str = "") -> None:
        self.name = name

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, tensor: Any, owner: type) -> Callable[..., Any]:
        function = getattr(import_module("tinytorch.functions"), self.name)
        if tensor is None:
            return function
        return lambda *args, **kw: function(tensor, *args, **(kw and renamed(kw)))


class InPlace:
    """An operator such as ``+=``: it stores the result of ``+`` in the tensor, see `inplace.py`."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.operator = getattr(operator, f"__{name[3:]}")  # __iadd__ is made of __add__

    def __get__(self, tensor: Any, owner: type) -> Callable[..., Any]:
        return lambda other: import_module("tinytorch.inplace").store(
            tensor, self.operator(tensor, other)
        )


class Device(str):
    """The only device, under PyTorch's name for it: ``torch.device("cpu")``.

    Raises:
        ValueError: you ask for another device.

    >>> Device("cpu") == "cpu", Device().type
    (True, 'cpu')
    """

    type = "cpu"
    index = None  # type: ignore[assignment]  # not that of texts

    def __new__(cls, device: Any = "cpu", index: int | None = None) -> Device:
        only_cpu(device)
        return super().__new__(cls, "cpu")

    def __repr__(self) -> str:
        return "device(type='cpu')"


class Size(int):
    """The number of elements, like NumPy's ``size``; if you call it, the shape, like PyTorch's ``size()``.

    >>> Size.of((2, 3)), Size.of((2, 3))(), Size.of((2, 3))(-1)
    (6, (2, 3), 3)
    """

    shape: tuple[int, ...]

    @classmethod
    def of(cls, shape: tuple[int, ...]) -> Size:
        """The size of a tensor of this shape."""
        size = cls(math.prod(shape))
        size.shape = shape
        return size

    def __call__(self, dim: int | None = None) -> Any:
        """The shape, or its length along ``dim``."""
        if dim is None:
            return self.shape
        if not -len(self.shape) <= dim < len(self.shape):
            raise IndexError(f"dim {dim} is not an axis of shape {self.shape}")
        return self.shape[dim]


class TensorConveniences:
    """The base of every Tensor: PyTorch's names for what a Tensor already does."""

    __slots__ = ()

    def __init_subclass__(cls, **more: Any) -> None:
        """Let the methods of Tensor take what PyTorch's take, see `signatures.py`."""
        super().__init_subclass__(**more)
        if cls.__name__ == "Tensor":
            widen(cls, TENSOR)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Refuse `Variable(x)`, which PyTorch once needed; `Tensor` has its own constructor."""
        refuse("Variable(x)", "use the tensor itself, x, or tinytorch.tensor(data)")

    # What a tensor is

    @property
    def size(self: Any) -> Size:
        """The number of elements; ``x.size()`` is the shape, and ``x.size(0)`` its first length."""
        return Size.of(self.data.shape)

    @property
    def is_leaf(self: Any) -> bool:
        """Whether no recorded operation computed it."""
        return self.grad_fn is None

    @property
    def device(self) -> Device:
        """The device: always the CPU."""
        return Device()

    @property
    def is_cuda(self) -> bool:
        """False: everything is on the CPU."""
        return False

    @property
    def itemsize(self: Any) -> int:
        """The size of one element in bytes."""
        return self.data.itemsize

    @property
    def nbytes(self: Any) -> int:
        """The size of all elements in bytes."""
        return self.data.nbytes

    @property
    def mT(self: Any) -> Any:
        """The last two axes swapped."""
        return self.transpose(-2, -1)

    def dim(self: Any) -> int:
        """The number of axes."""
        return self.data.ndim

    ndimension = dim

    def numel(self: Any) -> int:
        """The number of elements."""
        return self.data.size

    nelement = numel

    def element_size(self: Any) -> int:
        """The size of one element in bytes."""
        return self.data.itemsize

    def stride(self: Any) -> tuple[int, ...]:
        """The distance between neighbors along each axis, in elements."""
        return tuple(step // self.data.itemsize for step in self.data.strides)

    def is_floating_point(self: Any) -> bool:
        """Whether the values are floats."""
        return self.data.dtype.kind == "f"

    def is_contiguous(self: Any) -> bool:
        """Whether the values are contiguous in memory."""
        return self.data.flags.c_contiguous

    def get_device(self) -> int:
        """-1: the CPU."""
        return -1

    # Gradients

    def requires_grad_(self: Any, requires_grad: bool = True) -> Any:
        """Set ``requires_grad`` and return the tensor.

        Raises:
            TypeError: the values are not floating.
        """
        if requires_grad and self.data.dtype.kind != "f":
            raise TypeError(f"requires_grad needs floating values, got dtype {self.data.dtype}")
        self.requires_grad = requires_grad
        return self

    # Dtypes and devices

    def to(self: Any, *args: Any, **kwargs: Any) -> Any:
        """In another dtype: ``x.to(tt.float64)``, ``x.to("cpu")``, ``x.to(other)``; itself if it is so."""
        for name in ("non_blocking", "copy", "memory_format"):
            kwargs.pop(name, None)
        dtype = self.data.dtype
        for wanted in (*args, *kwargs.values()):
            if isinstance(wanted, TensorConveniences):
                dtype = wanted.data.dtype  # type: ignore[attr-defined]
            elif isinstance(wanted, str) and wanted.split(":")[0] in ("cpu", "cuda", "mps", "xpu"):
                only_cpu(wanted)
            elif wanted is not None and not isinstance(wanted, bool):
                dtype = np.dtype(wanted)
        return (
            self
            if dtype == self.data.dtype
            else import_module("tinytorch.operations").cast(self, dtype=dtype)
        )

    def type(self: Any, dtype: Any = None) -> Any:
        """In another dtype; without one, its name. ``"torch.LongTensor"`` and `LongTensor` are int64."""
        if dtype is None:
            return self.data.dtype.name
        if isinstance(dtype, str) and dtype.endswith("Tensor"):
            dtype = getattr(import_module("tinytorch.creation"), dtype.rpartition(".")[2])
        return self.to(getattr(dtype, "makes", dtype))

    def type_as(self: Any, other: Any) -> Any:
        """In the dtype of ``other``."""
        return self.to(other)

    def float(self) -> Any:
        """As float32."""
        return self.to(np.float32)

    def double(self) -> Any:
        """As float64."""
        return self.to(np.float64)

    def half(self) -> Any:
        """As float16."""
        return self.to(np.float16)

    def long(self) -> Any:
        """As int64."""
        return self.to(np.int64)

    def int(self) -> Any:
        """As int32."""
        return self.to(np.int32)

    def short(self) -> Any:
        """As int16."""
        return self.to(np.int16)

    def byte(self) -> Any:
        """As uint8."""
        return self.to(np.uint8)

    def bool(self) -> Any:
        """As booleans: True where a value is not zero."""
        return self.to(np.bool_)

    def cpu(self) -> Self:
        """Itself: it is on the CPU."""
        return self

    def cuda(self, device: Any = None) -> Any:
        """Refused: there is no other device."""
        only_cpu("cuda")

    def pin_memory(self) -> Self:
        """Itself: there is no device to copy to."""
        return self

    def contiguous(self: Any) -> Any:
        """The tensor itself if its values are contiguous in memory, else a copy that is."""
        return self if self.data.flags.c_contiguous else self.clone()

    # Operators that no module requires

    def __and__(self, other: Any) -> Any:
        return import_module("tinytorch.operations").bitwise_and(self, other)

    def __or__(self, other: Any) -> Any:
        return import_module("tinytorch.operations").bitwise_or(self, other)

    def __xor__(self, other: Any) -> Any:
        return import_module("tinytorch.operations").bitwise_xor(self, other)

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def __mod__(self, other: Any) -> Any:
        return import_module("tinytorch.operations").remainder(self, other)

    def __floordiv__(self, other: Any) -> Any:
        return import_module("tinytorch.operations").floor_divide(self, other)

    def __rmod__(self, other: Any) -> Any:
        return import_module("tinytorch.operations").remainder(other, self)

    def __rfloordiv__(self, other: Any) -> Any:
        return import_module("tinytorch.operations").floor_divide(other, self)

    def __pos__(self) -> Self:
        return self

    def __contains__(self: Any, element: Any) -> Any:
        return (self.data == getattr(element, "data", element)).any().item()

    def __index__(self: Any) -> Any:
        if self.data.dtype.kind not in "iub":
            raise TypeError(f"only integers can be an index, got dtype {self.data.dtype}")
        return int_of(self.item())

    def __format__(self: Any, spec: str) -> str:
        """``f"{loss:.4f}"``, ``f"{loss}"`` for a tensor of one number; any other as text."""
        if not spec and (self.data.ndim or type(self) is not self.result_type):
            return str(self)
        if self.data.ndim:
            raise TypeError(
                f"use x.item(): only a 0-d tensor can be formatted, got shape {self.data.shape}"
            )
        return format(self.item(), spec)

    def where(self: Any, condition: Any, other: Any) -> Any:
        """Itself where ``condition`` is true, ``other`` elsewhere."""
        return import_module("tinytorch.arranging").where(condition, self, other)

    # In place

    __iadd__, __isub__, __imul__ = InPlace(), InPlace(), InPlace()
    __itruediv__, __ifloordiv__, __imod__ = InPlace(), InPlace(), InPlace()
    __ipow__, __iand__, __ior__, __ixor__ = InPlace(), InPlace(), InPlace(), InPlace()

    def __setitem__(self, index: Any, value: Any) -> None:
        import_module("tinytorch.inplace").setitem(self, index, value)

    # The same under another name: functions.py has them

    view = Method()
    view_as = Method()
    reshape_as = Method()
    expand_as = Method()
    t = Method()
    clone = Method()
    ravel = Method()
    unflatten = Method()
    movedim = Method()
    swapaxes = Method()
    swapdims = Method()
    broadcast_to = Method()
    repeat = Method()
    tile = Method()
    repeat_interleave = Method()
    flip = Method()
    roll = Method()
    chunk = Method()
    split = Method()
    unbind = Method()
    narrow = Method()
    select = Method()
    diagonal = Method()
    diag = Method()
    tril = Method()
    triu = Method()
    gather = Method()
    index_select = Method()
    take_along_dim = Method()
    masked_select = Method()
    masked_fill = Method()
    nonzero = Method()
    unique = Method()
    bincount = Method()
    sort = Method()
    argsort = Method()
    topk = Method()
    max = Method()
    min = Method()
    argmin = Method()
    amax = Method()
    amin = Method()
    aminmax = Method()
    all = Method()
    any = Method()
    count_nonzero = Method()
    prod = Method()
    cumsum = Method()
    std = Method()
    norm = Method()
    median = Method()
    logsumexp = Method()
    softmax = Method()
    log_softmax = Method()
    relu = Method()
    sigmoid = Method()
    tanh = Method()
    sin = Method()
    cos = Method()
    tan = Method()
    square = Method()
    reciprocal = Method()
    rsqrt = Method()
    log2 = Method()
    log10 = Method()
    log1p = Method()
    expm1 = Method()
    erf = Method()
    sign = Method()
    floor = Method()
    ceil = Method()
    round = Method()
    clamp = Method()
    clamp_min = Method()
    clamp_max = Method()
    add = Method()
    sub = Method()
    mul = Method()
    div = Method()
    pow = Method()
    neg = Method()
    matmul = Method()
    mm = Method()
    bmm = Method()
    mv = Method()
    dot = Method()
    outer = Method()
    addmm = Method()
    trace = Method()
    eq = Method()
    ne = Method()
    lt = Method()
    le = Method()
    gt = Method()
    ge = Method()
    maximum = Method()
    minimum = Method()
    remainder = Method()
    logical_and = Method()
    logical_or = Method()
    logical_xor = Method()
    logical_not = Method()
    isnan = Method()
    isinf = Method()
    isfinite = Method()
    allclose = Method()
    isclose = Method()
    equal = Method()
    new_tensor = Method()
    new_zeros = Method()
    new_ones = Method()
    new_full = Method()
    new_empty = Method()
    lerp = Method()


int_of = int  # inside the class that name is a method


for _name in [*WRITTEN.split(), *(f"{name}_" for name in STORED.split())]:
    setattr(TensorConveniences, _name, Method(_name))

for _name, _way in INSTEAD["Tensor"].items():
    setattr(TensorConveniences, _name, Refused(_name, _way))
