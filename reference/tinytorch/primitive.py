"""Primitives: plain array functions that also take Tensors and remember how they were used.

Given, not an exercise. A forward function is written once, on arrays; its gradient rules are in a
separate table (`defvjp`). Nothing is patched: a primitive called on arrays is just that function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from functools import wraps
from inspect import unwrap
from typing import Any, ClassVar, NamedTuple, Protocol, cast

import numpy as np

from tinytorch.conveniences import TensorConveniences
from tinytorch.refusals import explained
from tinytorch.versions import Changes, versions

Array = np.ndarray
"""What primitives compute on. A comment at the end of a line gives its shape, as in ``# (N, C, H, W)``."""

Rule = Callable[..., Array]
"""A gradient rule, called as ``rule(g, ans, *args, **params)``; see `defvjp`."""

ARRAYS = (np.ndarray, np.generic)
"""What a primitive and a rule return: arrays, and what NumPy makes of those without an axis."""


class Saving(NamedTuple):
    """What a primitive returns if it saves something for its gradient rules: its result, and what is saved.

    All rules of the primitive get ``saved`` as a parameter of that name, and none may change it. It is a part
    of the graph: it is freed with it, and counts as memory that training holds. If nothing is recorded, it
    is dropped at once.

    >>> @primitive
    ... def scaled(x):
    ...     scale = 1 / np.abs(x).max()
    ...     return Saving(x * scale, (scale,))
    >>> scaled(np.array([1.0, 4.0]))
    array([0.25, 1.  ])
    """

    result: Array
    saved: tuple[Any, ...]


Observer = Callable[["Primitive", Sequence[Any], Mapping[str, Any], Any], None]

BLOCK = 1 << 16
"""How many elements `in_blocks` works on at a time: 256 KB of float32, which fits into the L2 cache."""

LARGE = 1 << 12
"""From this many elements on, a gradient is not copied without need."""

VIEWS = frozenset(["getitem", "reshape", "permute", "expand", "diagonal"])
"""Operations whose result may share memory with their argument."""

READ_SHAPES = VIEWS | {"add", "sub", "neg", "sum", "concatenate", "cast", "put", "put_diagonal"}
"""Operations whose gradient rules read no values, neither of arguments nor of the result: only shapes."""

READ_ARGUMENTS = frozenset(["log", "abs", "maximum", "where"])
"""Operations whose rules read values of arguments, but not of the result."""

READ_OTHERS = frozenset(["mul", "matmul", "linear"])
"""Operations whose rule for one argument reads only values of the others."""

SINGLE, TRUTH = np.dtype(np.float32), np.dtype(np.bool_)
"""Dtypes of results that `as_mixed` leaves alone."""

RANKS = {"b": 0, "u": 1, "i": 1, "f": 2}
"""Which kind of dtype wins when arrays are combined."""

recording: ContextVar[bool] = ContextVar("recording", default=True)
"""Whether operations are remembered for `backward`; `no_grad` turns it off for a while."""

generator_of_thread: ContextVar[Callable[[], np.random.Generator] | None]
generator_of_thread = ContextVar("generator_of_thread", default=None)
"""Gives a thread that shares a batch with others, see `nn.DataParallel`, a default generator of its own."""

observer: ContextVar[Observer | None] = ContextVar("observer", default=None)
"""Called as ``observer(op, arrays, params, ans)`` after each operation on Tensors; 14 counts with it."""


class Primitive(Protocol):
    """What `primitive` makes of a function: it takes Tensors too, and has a place for gradient rules."""

    __name__: str
    rules: tuple[Rule | None, ...]
    rule_for_every: Rule | None
    flops: Callable[..., int]  # only where the operation counts its own, see 14

    def __call__(self, *args: Any, **params: Any) -> Any: ...


class Variable(TensorConveniences):
    """What a primitive needs to know about a Tensor: its array, and whether it requires a gradient.

    Attributes:
        result_type: what a primitive returns: `Tensor`, also when it is called on a Parameter.
        earlier: (number of the change, what it was before) for each change in place that was recorded;
            only where there was one.
        looks_into: (tensor, index) of a view that no gradient was recorded for; only where it is one.
    """

    __slots__ = (
        *("__weakref__", "data", "grad", "grad_fn", "requires_grad"),
        *("earlier", "looks_into"),
    )

    data: Array
    grad: Array | None
    grad_fn: Node | None
    requires_grad: bool
    earlier: list[tuple[int, Variable]]
    looks_into: tuple[Variable, Any]
    result_type: ClassVar[type[Variable]]


class Node:
    """How a tensor was made: which primitive, on which arguments, with which parameters.

    Attributes:
        params: those of the call, and ``saved``, if the primitive saved anything.
        made_at: how many changes in place there had been.
    """

    __slots__ = ("made_at", "op", "params", "used")

    def __init__(self, op: Primitive, args: tuple[Any, ...], params: Mapping[str, Any]) -> None:
        self.op = op
        self.used: tuple[Any, ...] | None = args
        self.params = params
        self.made_at = Changes.count

    @property
    def args(self) -> tuple[Any, ...] | None:
        """The arguments, as they were then; None once `backward` has freed the graph."""
        if self.made_at == Changes.count or self.used is None:
            return self.used
        return tuple(as_it_was(arg, self.made_at) for arg in self.used)

    @args.setter
    def args(self, args: tuple[Any, ...] | None) -> None:
        self.used = args
        if args is None:
            self.params = {}

    def __repr__(self) -> str:
        return f"<{self.op.__name__}>"


def as_it_was(arg: Any, made_at: int) -> Any:
    """What ``arg`` was before the changes in place that came after number ``made_at``."""
    for number, before in getattr(arg, "earlier", ()):
        if number > made_at:
            return before
    return arg


def primitive(function: Callable[..., Any]) -> Primitive:
    """Let a function of arrays take Tensors too: arrays by position, parameters by keyword.

    The result is a Tensor when an argument is one. While recording, if an argument requires a
    gradient, the result's ``grad_fn`` remembers (op, args, params). A function may return a `Saving`.

    >>> @primitive
    ... def power(x, *, exponent):
    ...     return x**exponent
    >>> power(np.array([1.0, 3.0]), exponent=2)
    array([1., 9.])
    """

    @wraps(function)
    def call(*args: Any, **params: Any) -> Any:
        result_type = None
        requires_grad = False
        arrays = []
        for arg in args:
            if isinstance(arg, Variable):
                result_type = arg.result_type
                if arg.requires_grad:
                    requires_grad = True
                arg = arg.data
            arrays.append(arg)
        try:
            ans = function(*arrays, **params)
        except Exception as error:
            clear = explained(error, function.__name__, arrays, params)
            if clear is error:
                raise
            raise clear.with_traceback(error.__traceback__) from error
        saved = None
        if type(ans) is not np.ndarray:
            if type(ans) is Saving:
                ans, saved = ans
            if not isinstance(ans, ARRAYS):
                check_returned(function, ans, function.__name__)
        if result_type is None:
            return ans
        watch = observer.get()
        if watch is not None:
            watch(op, arrays, params, ans)
        # Without Tensor.__init__, which is for what a person gives: it would check each result anew,
        # and no operation could be tried before it is written.
        result = result_type.__new__(result_type)
        if ans.dtype is not SINGLE and ans.dtype is not TRUTH and "dtype" not in params:
            ans = as_mixed(arrays, ans)
        result.data = ans if type(ans) is np.ndarray else np.asarray(ans)
        result.grad = None
        # Comparisons and indices have no gradient: only floating results are followed.
        result.requires_grad = follow = requires_grad and recording.get() and ans.dtype.kind == "f"
        if follow and saved is not None:
            params = {**params, "saved": saved}
        result.grad_fn = Node(op, args, params) if follow else None
        return result

    op = cast(Primitive, call)
    op.rules = ()
    op.rule_for_every = None
    return op


def as_mixed(arrays: Sequence[Any], result: Any) -> Any:
    """``result`` in the dtype that PyTorch would give it, where NumPy takes a wider one.

    Integers that meet floats, or are divided, count as floats of the dtype beside them, or as float32. And an
    array without axes does not widen one that has axes and is of the same kind: float32 (3,) times float64 ()
    is float32. So a model stays float32 even if you add labels to its output or scale its loss.
    """
    dtype = result.dtype
    if all(getattr(array, "dtype", None) is dtype for array in arrays):
        return result
    given = [(array.ndim, array.dtype) for array in arrays if hasattr(array, "dtype")]
    highest = max([RANKS[dtype.kind] for _, dtype in given], default=3)
    deciding = [(ndim, dtype) for ndim, dtype in given if RANKS[dtype.kind] == highest]
    dtypes = [dtype for ndim, dtype in deciding if ndim] or [dtype for _, dtype in deciding]
    kind = RANKS[result.dtype.kind]
    if kind < 2 and (kind != highest or len(dtypes) == len(deciding)):
        return result  # indices, counts and sums, or whole numbers as NumPy combines them
    wanted = np.result_type(*dtypes) if kind == highest else SINGLE
    narrower = wanted.itemsize < result.dtype.itemsize or len(dtypes) < len(deciding)
    return result.astype(wanted, copy=False) if narrower else result


def check_returned(function: Callable[..., Any], result: Any, name: str) -> None:
    """Raise TypeError unless ``result``, which ``function`` returned, is an array or a number.

    The error keeps the function's code as ``returned_by``: it is the place to look at.
    """
    if isinstance(result, (int, float)):
        return
    error = TypeError(
        f"{name} returned None: is a return missing?"
        if result is None
        else f"{name} must return an array of numbers, and returned {type(result).__name__}"
    )
    error.returned_by = getattr(unwrap(function), "__code__", None)  # type: ignore[attr-defined]
    raise error


def check_floating(x: Any, name: str) -> None:
    """Raise TypeError unless ``x``, an array or Tensor, is floating.

    >>> check_floating(np.array([1, 2]), "x")
    Traceback (most recent call last):
    TypeError: x must be floating, got dtype int64: convert it with tensor(x, dtype=np.float32)
    """
    if x.dtype.kind != "f":
        raise TypeError(
            f"{name} must be floating, got dtype {x.dtype}:"
            f" convert it with tensor({name}, dtype=np.float32)"
        )


def in_blocks(function: Callable[..., Array], *arrays: Array) -> Array:
    """The result of ``function(*arrays)``, computed one part at a time, for elementwise functions.

    Intermediate arrays are then as large as a part, stay in the cache, and are soon used again. At full size
    they would come from main memory, at several times the cost of computing them.

    Args:
        function: returns an array of the same shape, each element computed from those at the same place.
        arrays: of one shape.

    >>> in_blocks(lambda x, y: x * x + y, np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    array([4., 8.])
    """
    shape, size = arrays[0].shape, arrays[0].size
    if size <= BLOCK or not all(array.flags.c_contiguous for array in arrays):
        return function(*arrays)
    out = np.empty(size, np.result_type(*arrays))
    rows = [array.reshape(-1) for array in arrays]
    for start in range(0, size, BLOCK):
        part = slice(start, start + BLOCK)
        out[part] = function(*[row[part] for row in rows])
    return out.reshape(shape)


def keep(g: Array, mask: Array) -> Array:
    """``g`` where ``mask`` is True, else 0: even where g is infinite or NaN, which times 0 would be NaN.

    ``np.where(mask, g, 0)`` gives the same, but decides number by number: for a mask without a pattern that
    takes five times as long. Here the bits of each number, read as an integer, are multiplied by 1 or 0.

    Args:
        g: floating.
        mask: booleans, of the shape of ``g``.

    >>> keep(np.array([np.inf, np.nan, 2.0]), np.array([False, False, True]))
    array([0., 0., 2.])
    """
    bits = g.view(f"i{g.itemsize}") * mask
    return np.asarray(bits).view(g.dtype)


def todo(exercise: str) -> Rule:
    """Stand in for a gradient rule that you still have to write.

    When the rule is needed, it raises NotImplementedError, like the body of every other stub.

    >>> todo("05 autograd: gradient of exp")(1.0, 1.0, 0.0)
    Traceback (most recent call last):
    NotImplementedError: 05 autograd: gradient of exp
    """

    def unwritten(*args: Any, **params: Any) -> Array:
        raise NotImplementedError(exercise)

    return unwritten


def defvjp(op: Primitive, *rules: Rule | None, every: Rule | None = None) -> None:
    """Store how gradients flow back through ``op``: one rule for each array argument.

    A rule is called as ``rule(g, ans, *args, **params)`` with arrays: the gradient of the output,
    the output, and what the primitive was called with; it returns the gradient of its argument.
    It keeps none of the arrays that it returns: a leaf may take one over as its ``.grad``, see `own`.
    If the primitive returned a `Saving`, each of its rules also gets ``saved``, a parameter.
    ``None`` marks an argument that has no gradient. For primitives of any number of arrays,
    ``every`` is the one rule for them all, called with the argument's position first.
    """
    op.rules = rules
    op.rule_for_every = every


def vjps(node: Node, g: Array, ans: Array) -> Iterator[tuple[Any, Array]]:
    """Yield (argument, its gradient) for each argument of ``node`` that requires one.

    ``g`` is the gradient of the node's output and ``ans`` that output, both arrays.
    """
    op, args, params = node.op, node.args or (), node.params
    rules, every = op.rules, op.rule_for_every
    if node.made_at != Changes.count:
        check_unchanged(node, args, ans)
    given = (g, ans, *[arg.data if isinstance(arg, Variable) else arg for arg in args])
    for position, arg in enumerate(args):
        if not (isinstance(arg, Variable) and arg.requires_grad):
            continue
        is_leaf = arg.grad_fn is None
        if is_leaf and arg.data.dtype.kind != "f":
            raise TypeError(f"requires_grad needs floating values, got dtype {arg.data.dtype}")
        if every is not None:
            rule, share = every, every(position, *given, **params)
        elif position < len(rules) and (found := rules[position]) is not None:
            rule, share = found, found(*given, **params)
        else:
            raise RuntimeError(f"{op.__name__} has no gradient rule for its argument {position}")
        if type(share) is not np.ndarray and not isinstance(share, ARRAYS):
            check_returned(rule, share, f"the gradient rule of {op.__name__}")
        if share is g and is_leaf and g.size >= LARGE:
            share = g[...]  # a view, so that `own` makes a copy: another argument may get g as well
        yield arg, share


def own(g: Array, dtype: np.dtype) -> Array:
    """The gradient of a leaf as an array of ``dtype`` that nothing else holds: ``g`` itself or a copy.

    A large array that is no view is what a rule or a sum has just made for this leaf. Any other may be in use
    elsewhere, or is copied sooner than that is found out.
    """
    is_new = type(g) is np.ndarray and g.size >= LARGE and g.base is None
    return np.asarray(g, dtype) if is_new else np.array(g, dtype)


def check_unchanged(node: Node, args: Sequence[Any], ans: Array) -> None:
    """Raise RuntimeError if values that the rules of ``node`` read were changed in place since."""
    name = node.op.__name__
    if name in VIEWS and versions(ans)[1] > node.made_at:
        raise RuntimeError(
            f"a result of {name} of shape {ans.shape} looks into a tensor that was changed in place since:"
            " take the part again after the change, or a clone() before it"
        )
    for array in values_read(name, args, ans):
        if isinstance(array, np.ndarray) and versions(array)[0] > node.made_at:
            what = "its result" if array is ans else "an argument"
            raise RuntimeError(
                f"the gradient of {name} needs {what} of shape {array.shape} as it was, and it was changed in"
                " place since: write x = x + y instead of x += y, or change a clone()"
            )


def values_read(name: str, args: Sequence[Any], ans: Array) -> Iterator[Any]:
    """The arrays whose values the rules of an operation may read; all of them for an unknown operation."""
    if name in READ_SHAPES:
        return
    for position, arg in enumerate(args):
        others = [*args[:position], *args[position + 1 :]]
        if name not in READ_OTHERS or any(getattr(o, "requires_grad", False) for o in others):
            yield arg.data if isinstance(arg, Variable) else arg
    if name not in READ_ARGUMENTS and name not in READ_OTHERS:
        yield ans
