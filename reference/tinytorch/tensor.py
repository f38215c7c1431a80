"""01 · Tensor: n-dimensional arrays with operations and broadcasting."""

import numpy as np

from tinytorch.primitive import Variable, primitive

DEFAULT_DTYPE = np.float32


class Tensor(Variable):
    """An n-dimensional array that operations can be recorded on.

    Attributes:
        data: the values, an ndarray.
        requires_grad: whether ``backward`` shall compute its gradient.
        grad: the gradient, an ndarray of the same shape, or None.
        grad_fn: how it was computed, or None for a leaf.
    """

    __slots__ = ()
    __array_ufunc__ = None  # so that `ndarray + tensor` asks the tensor
    __hash__ = object.__hash__  # == compares values, so identity must hash

    def __init__(self, data, requires_grad=False):
        if isinstance(data, Variable):
            data = data.data
        if isinstance(data, (np.ndarray, np.generic)):
            array = np.asarray(data)
        else:
            array = np.array(data)
            if array.dtype == np.float64:
                array = array.astype(DEFAULT_DTYPE)
        if array.dtype.kind not in "biuf":
            raise TypeError(f"data must be numbers or booleans in a regular shape, got {data!r:.60}")
        if requires_grad and array.dtype.kind != "f":
            raise TypeError(f"requires_grad needs a floating dtype, got {array.dtype}")
        self.data = array
        self.grad = None
        self.grad_fn = None
        self.requires_grad = requires_grad

    shape = property(lambda self: self.data.shape)
    dtype = property(lambda self: self.data.dtype)
    ndim = property(lambda self: self.data.ndim)
    size = property(lambda self: self.data.size)
    T = property(lambda self: self.transpose(-2, -1) if self.ndim > 1 else self)

    def __repr__(self):
        values = np.array2string(self.data, separator=", ", prefix="Tensor(")
        return f"Tensor({values}{', requires_grad=True' if self.requires_grad else ''})"

    def __len__(self):
        if self.ndim == 0:
            raise TypeError("a 0-d tensor has no length")
        return len(self.data)

    def __bool__(self):
        return bool(self.data)

    def __float__(self):
        return float(self.data)

    def __int__(self):
        return int(self.data)

    def item(self):
        if self.size != 1:
            raise ValueError(f"item() needs a tensor of one element, got shape {self.shape}")
        return self.data.item()

    def numpy(self):
        return self.data

    def tolist(self):
        return self.data.tolist()

    def detach(self):
        return Tensor(self.data)

    def backward(self, grad=None, retain_graph=False):
        from tinytorch.autograd import backward

        backward(self, grad, retain_graph=retain_graph)

    __add__ = lambda self, other: binary(add, self, other)
    __radd__ = lambda self, other: binary(add, other, self)
    __sub__ = lambda self, other: binary(sub, self, other)
    __rsub__ = lambda self, other: binary(sub, other, self)
    __mul__ = lambda self, other: binary(mul, self, other)
    __rmul__ = lambda self, other: binary(mul, other, self)
    __truediv__ = lambda self, other: binary(div, self, other)
    __rtruediv__ = lambda self, other: binary(div, other, self)
    __pow__ = lambda self, other: binary(pow, self, other)
    __rpow__ = lambda self, other: binary(pow, other, self)
    __matmul__ = lambda self, other: binary(matmul, self, other)
    __rmatmul__ = lambda self, other: binary(matmul, other, self)
    __neg__ = lambda self: neg(self)
    __lt__ = lambda self, other: binary(lt, self, other)
    __le__ = lambda self, other: binary(le, self, other)
    __gt__ = lambda self, other: binary(gt, self, other)
    __ge__ = lambda self, other: binary(ge, self, other)
    __eq__ = lambda self, other: binary(eq, self, other)
    __ne__ = lambda self, other: binary(ne, self, other)
    __abs__ = lambda self: abs(self)

    def __getitem__(self, index):
        if isinstance(index, Variable):
            index = index.data
        elif isinstance(index, tuple):
            index = tuple(i.data if isinstance(i, Variable) else i for i in index)
        return getitem(self, index=index)

    exp = lambda self: exp(self)
    log = lambda self: log(self)
    sqrt = lambda self: sqrt(self)
    abs = lambda self: abs(self)
    clip = lambda self, min=None, max=None: clip(self, min=min, max=max)
    sum = lambda self, dim=None, keepdim=False: sum(self, dim=dim, keepdim=keepdim)
    max = lambda self, dim=None, keepdim=False: max(self, dim=dim, keepdim=keepdim)
    min = lambda self, dim=None, keepdim=False: min(self, dim, keepdim)
    mean = lambda self, dim=None, keepdim=False: mean(self, dim, keepdim)
    var = lambda self, dim=None, keepdim=False, correction=1: var(self, dim, keepdim, correction)
    argmax = lambda self, dim=None, keepdim=False: argmax(self, dim, keepdim)
    reshape = lambda self, *shape: reshape(self, shape=unpack(shape))
    permute = lambda self, *dims: permute(self, dims=unpack(dims))
    transpose = lambda self, dim0, dim1: transpose(self, dim0, dim1)
    flatten = lambda self, start_dim=0, end_dim=-1: flatten(self, start_dim, end_dim)
    squeeze = lambda self, dim=None: squeeze(self, dim)
    unsqueeze = lambda self, dim: unsqueeze(self, dim)
    expand = lambda self, *shape: expand(self, shape=unpack(shape))


def unpack(sizes):
    """``f(2, 3)`` and ``f((2, 3))`` mean the same."""
    return tuple(sizes[0]) if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)) else sizes


def binary(op, x, y):
    for operand in (x, y):
        if not isinstance(operand, (Variable, np.ndarray, np.generic, float, int)):
            return NotImplemented
    if isinstance(x, float):
        x = float(x)
    if isinstance(y, float):
        y = float(y)
    return op(x, y)


@primitive
def add(x, y):
    return x + y


@primitive
def sub(x, y):
    return x - y


@primitive
def mul(x, y):
    return x * y


@primitive
def div(x, y):
    return x / y


@primitive
def pow(x, y):
    return x**y


@primitive
def neg(x):
    return -x


@primitive
def matmul(x, y):
    return x @ y


@primitive
def maximum(x, y):
    return np.maximum(x, y)


@primitive
def where(condition, x, y):
    return np.where(condition, x, y)


@primitive
def exp(x):
    return np.exp(x)


@primitive
def log(x):
    return np.log(x)


@primitive
def sqrt(x):
    return np.sqrt(x)


@primitive
def abs(x):
    return np.abs(x)


@primitive
def clip(x, *, min=None, max=None):
    return np.clip(x, min, max)


@primitive
def sum(x, *, dim=None, keepdim=False):
    return np.sum(x, axis=dim, keepdims=keepdim)


@primitive
def max(x, *, dim=None, keepdim=False):
    return np.max(x, axis=dim, keepdims=keepdim)


def min(x, dim=None, keepdim=False):
    return -max(-x, dim=dim, keepdim=keepdim)


def mean(x, dim=None, keepdim=False):
    total = sum(x, dim=dim, keepdim=keepdim)
    return total * (total.size / x.size)


def var(x, dim=None, keepdim=False, correction=1):
    centred = x - mean(x, dim, keepdim=True)
    squares = sum(centred * centred, dim=dim, keepdim=keepdim)
    return squares / (x.size // squares.size - correction)


def argmax(x, dim=None, keepdim=False):
    return Tensor(np.argmax(x.data, axis=dim, keepdims=keepdim))


@primitive
def reshape(x, *, shape):
    return np.reshape(x, shape)


@primitive
def permute(x, *, dims):
    return np.transpose(x, dims)


def transpose(x, dim0, dim1):
    dims = list(range(x.ndim))
    dims[dim0], dims[dim1] = dims[dim1], dims[dim0]
    return permute(x, dims=tuple(dims))


def flatten(x, start_dim=0, end_dim=-1):
    shape = x.shape or (1,)
    start, end = start_dim % len(shape), end_dim % len(shape)
    middle = int(np.prod(shape[start : end + 1]))
    return reshape(x, shape=(*shape[:start], middle, *shape[end + 1 :]))


def squeeze(x, dim=None):
    return reshape(x, shape=np.squeeze(x.data, dim).shape)


def unsqueeze(x, dim):
    return reshape(x, shape=np.expand_dims(x.data, dim).shape)


@primitive
def expand(x, *, shape):
    return np.broadcast_to(x, shape)


@primitive
def getitem(x, *, index):
    return x[index]


@primitive
def concatenate(*arrays, dim=0):
    return np.concatenate(arrays, axis=dim)


def cat(tensors, dim=0):
    return concatenate(*tensors, dim=dim)


def stack(tensors, dim=0):
    return concatenate(*[unsqueeze(t, dim) for t in tensors], dim=dim)


@primitive
def eq(x, y):
    return np.equal(x, y)


@primitive
def ne(x, y):
    return np.not_equal(x, y)


@primitive
def lt(x, y):
    return np.less(x, y)


@primitive
def le(x, y):
    return np.less_equal(x, y)


@primitive
def gt(x, y):
    return np.greater(x, y)


@primitive
def ge(x, y):
    return np.greater_equal(x, y)


class Randomness:
    """The one random state of the framework: what `manual_seed` seeds."""

    generator = np.random.default_rng()


def manual_seed(seed):
    Randomness.generator = np.random.default_rng(seed)
    return Randomness.generator


def default_generator():
    return Randomness.generator


def tensor(data, dtype=None, requires_grad=False):
    made = Tensor(data)
    return Tensor(made.data.astype(dtype or made.dtype), requires_grad=requires_grad)


def zeros(*shape, dtype=DEFAULT_DTYPE, requires_grad=False):
    return Tensor(np.zeros(unpack(shape), dtype), requires_grad)


def ones(*shape, dtype=DEFAULT_DTYPE, requires_grad=False):
    return Tensor(np.ones(unpack(shape), dtype), requires_grad)


def full(shape, fill_value, dtype=None, requires_grad=False):
    return Tensor(np.full(shape, fill_value, dtype or Tensor(fill_value).dtype), requires_grad)


def arange(*bounds, dtype=None):
    return Tensor(np.arange(*bounds, dtype=dtype))


def eye(n, m=None, dtype=DEFAULT_DTYPE):
    return Tensor(np.eye(n, m, dtype=dtype))


def rand(*shape, generator=None, dtype=DEFAULT_DTYPE, requires_grad=False):
    generator = generator or default_generator()
    return Tensor(generator.random(unpack(shape)).astype(dtype), requires_grad)


def randn(*shape, generator=None, dtype=DEFAULT_DTYPE, requires_grad=False):
    generator = generator or default_generator()
    return Tensor(generator.standard_normal(unpack(shape)).astype(dtype), requires_grad)
