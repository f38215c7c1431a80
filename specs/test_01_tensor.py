"""Specs of 01 tensor."""

import operator
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from specs.framework import lazy
from specs.laws import (
    ask,
    assert_close,
    assert_dtype,
    assert_equal,
    assert_no_alias,
    assert_shape,
    call,
    expect,
    raises,
)
from specs.oracles import tensor as oracle
from specs.strategies import (
    FLOATS,
    arrays,
    both_signs,
    broadcastable,
    seeds,
    several,
    shapes,
    with_axis,
    with_more,
)

Tensor, tensor, full, zeros, ones, arange, eye = lazy(
    "tensor", "Tensor", "tensor", "full", "zeros", "ones", "arange", "eye"
)
add, sub, mul, div, pow_, matmul = lazy("tensor", "add", "sub", "mul", "div", "pow", "matmul")
eq, ne, lt, le, gt, ge = lazy("tensor", "eq", "ne", "lt", "le", "gt", "ge")
exp, log, sqrt, abs_, clip, maximum, where = lazy(
    "tensor", "exp", "log", "sqrt", "abs", "clip", "maximum", "where"
)
sum_, max_, min_, mean, var, argmax = lazy("tensor", "sum", "max", "min", "mean", "var", "argmax")
reshape, permute, transpose, flatten, squeeze, unsqueeze, expand = lazy(
    "tensor", "reshape", "permute", "transpose", "flatten", "squeeze", "unsqueeze", "expand"
)
concatenate, cat, stack = lazy("tensor", "concatenate", "cat", "stack")
manual_seed, default_generator, rand, randn = lazy(
    "tensor", "manual_seed", "default_generator", "rand", "randn"
)

# NumPy warns of 1/0 and of means of nothing; here both are asked for.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

EIGHTHS = [
    float(x)
    for x in both_signs(sorted((n / 8 for n in range(1, 81)), key=lambda x: (x % 1 > 0, x)))
]
"""Fractions whose sums and products are exact in either float dtype; integers first."""
eighths = st.sampled_from(EIGHTHS)

INTEGERS = [np.int8, np.uint8, np.int32, np.int64]
DTYPES = [np.bool_, *INTEGERS, np.float16, np.float32, np.float64]
OPERATORS = {
    add: operator.add,
    sub: operator.sub,
    mul: operator.mul,
    div: operator.truediv,
    pow_: operator.pow,
    eq: operator.eq,
    ne: operator.ne,
    lt: operator.lt,
    le: operator.le,
    gt: operator.gt,
    ge: operator.ge,
}
REDUCTIONS = [sum_, max_, min_, mean, var, argmax]


def each(argnames, values):
    """The spec for each of the values, which its id shows."""
    name = lambda value: getattr(value, "__name__", repr(value))
    return pytest.mark.parametrize(argnames, values, ids=name)


def exact(**options):
    """Arrays of eighths."""
    return arrays(elements=EIGHTHS, **options)


@st.composite
def matrices(draw):
    """(x, y) of one dtype that x @ y takes; any side may be 0."""
    n, k, m = draw(several(st.integers(0, 4), 3))
    dtype = draw(st.sampled_from(FLOATS))
    return draw(exact(shape=(n, k), dtype=dtype)), draw(exact(shape=(k, m), dtype=dtype))


def integers(min_side=0):
    """Arrays of small integers of any integer dtype, or booleans."""
    return arrays(dtype=(np.bool_, *INTEGERS), min_side=min_side)


@cache
def dims(ndim):
    """A dim of an array with so many axes: None, an axis or a tuple of axes."""
    if ndim == 0:
        return st.none()
    return st.none() | st.integers(-ndim, ndim - 1) | hnp.valid_tuple_axes(ndim, min_size=1)


@st.composite
def with_dims(draw, array_strategy):
    """(array, dim) with dim None, an axis or a tuple of axes."""
    x = draw(array_strategy)
    return x, draw(dims(x.ndim))


def assert_same(got, expected):
    """Same dtype and shape, and values within rounding."""
    assert_dtype(got, expected.dtype)
    assert_close(got, expected)


class TestMakingTensors:
    """make tensors from data"""

    @given(exact(dtype=np.float64, min_side=1))
    def test_python_floats_become_float32(self, x):
        """Tensor of Python floats, in lists or alone, is float32 with the same values and shape."""
        got = call(Tensor, x.tolist())
        assert_dtype(got, np.float32)
        assert_equal(got, x)

    @each(
        "data, dtype",
        [
            ([1, 2], "int64"),
            (3, "int64"),
            ([[True]], "bool"),
            ([], "float32"),
            ([1, 0.5], "float32"),
        ],
    )
    def test_python_numbers_have_a_dtype(self, data, dtype):
        """Python integers become int64, booleans bool; lists with a float or nothing in them, float32."""
        got = call(Tensor, data)
        assert_dtype(got, dtype)
        assert_equal(got, np.array(data, dtype))

    @each("dtype", DTYPES)
    def test_arrays_keep_their_dtype(self, dtype):
        """Tensor(array) has the array's dtype, shape and values, and so does Tensor(NumPy scalar)."""
        for x in (np.ones((2, 0, 3), dtype), np.ones((3, 2), dtype), np.array(1, dtype), dtype(1)):
            got = Tensor(x).data
            expect(isinstance(got, np.ndarray), "data of type ndarray", f"{type(got).__name__}")
            assert_dtype(got, dtype)
            assert_equal(got, np.asarray(x))

    @given(arrays())
    def test_knows_its_shape(self, x):
        """shape, ndim, size and dtype are those of the values."""
        t = Tensor(x)
        assert_equal((t.shape, t.ndim, t.size, t.dtype), (x.shape, x.ndim, x.size, x.dtype))

    @given(arrays(min_side=1))
    def test_wrapping_shares_memory(self, x):
        """Tensor(array), Tensor(tensor), detach() and numpy() copy nothing."""
        t = Tensor(x)
        for same in (t.data, Tensor(t).data, t.detach().data, t.numpy()):
            expect(np.shares_memory(same, x), "the memory of the array", "a copy")

    @given(arrays(min_side=1))
    def test_tensor_copies(self, x):
        """tensor(array) and tensor(tensor) have their own memory, and the same values and dtype."""
        for given_data in (x, Tensor(x)):
            got = ask(tensor, given_data).data
            assert_no_alias(got, x)
            assert_dtype(got, x.dtype)
            assert_equal(got, x)

    @each("dtype", DTYPES)
    def test_tensor_converts(self, dtype):
        """tensor(data, dtype) has that dtype, from lists, arrays and Tensors alike."""
        for data in ([0.0, 1.0], np.array([0, 1]), Tensor(np.array([0.0, 1.0]))):
            assert_same(tensor(data, dtype=dtype).data, np.array([0, 1], dtype))

    def test_tensor_converts_directly(self):
        """tensor(0.1, dtype=float64) is 0.1 exactly: it does not go through float32."""
        assert_equal(call(tensor, 0.1, dtype=np.float64), np.array(0.1))

    def test_begins_without_history(self):
        """A new tensor, even of another tensor, has grad and grad_fn None, and requires_grad only if set."""
        for make, data in ((Tensor, 1.0), (tensor, 1.0), (zeros, 2), (ones, 2)):
            for t, asked in ((make(data), False), (make(data, requires_grad=True), True)):
                assert_equal((t.grad, t.grad_fn, t.requires_grad), (None, None, asked))
            assert_equal(make(data, requires_grad=True).detach().requires_grad, False)
        old = Tensor([1.0], requires_grad=True)
        old.grad = np.ones(1)
        for make in (Tensor, tensor):
            new = make(old)
            assert_equal((new.grad, new.grad_fn, new.requires_grad), (None, None, False))
        assert_equal(full((2,), 1.0).requires_grad, False)
        assert_equal(full((2,), 1.0, requires_grad=True).requires_grad, True)

    @each("data", [[[1.0], [1.0, 2.0]], [1.0, [2.0]]])
    def test_refuses_ragged_lists(self, data):
        """Tensor of rows of different lengths raises ValueError."""
        for make in (Tensor, tensor):
            with raises(ValueError, naming="data"):
                make(data)

    @each("data", ["abc", ["a", "b"], None, [1, "a"], 1j, {1: 2}, np.array(["a"])])
    def test_refuses_what_is_no_number(self, data):
        """Tensor of strings, None, complex numbers or other objects raises TypeError."""
        for make in (Tensor, tensor):
            with raises(TypeError, naming="data"):
                make(data)

    @each("data", [[1, 2], [True], np.array(3)])
    def test_only_floats_require_grad(self, data):
        """requires_grad=True on integers or booleans raises TypeError."""
        for make in (Tensor, tensor):
            with raises(TypeError, naming="requires_grad"):
                make(data, requires_grad=True)

    @each("shape", [(), (1,), (1, 1, 1)])
    @each("value", [2.5, 3, True])
    def test_item_is_a_python_number(self, shape, value):
        """item() of a tensor of one element, whatever its shape, is that element as a Python number."""
        got = Tensor(np.full(shape, value)).item()
        assert_equal(got, value)
        expect(type(got) is type(value), f"a Python {type(value).__name__}", type(got).__name__)

    @each("shape", [(2,), (0,), (3, 1), (2, 0)])
    def test_item_needs_one_element(self, shape):
        """item() of a tensor with no element or several raises ValueError that names the shape."""
        with raises(ValueError, naming=str(shape)):
            Tensor(np.zeros(shape)).item()

    @given(exact(max_dims=2))
    def test_converts_to_python(self, x):
        """tolist() gives nested lists; float(), int() and bool() work on one element."""
        assert_equal(Tensor(x).tolist(), x.tolist())
        assert_equal((float(Tensor(2.5)), int(Tensor([3])), bool(Tensor([[0.0]]))), (2.5, 3, False))
        with raises(ValueError):
            bool(Tensor([1.0, 2.0]))

    @given(exact())
    def test_numpy_takes_it_as_an_array(self, x):
        """np.asarray(tensor) has its values, in any dtype; with requires_grad it raises TypeError."""
        assert_same(np.asarray(Tensor(x)), x)
        assert_same(np.array(Tensor(x), dtype=np.float16), x.astype(np.float16))
        assert_no_alias(np.array(Tensor(x)), x)
        with raises(TypeError):
            np.asarray(Tensor(x, requires_grad=True))

    def test_repr_can_be_read(self):
        """repr shows the values, and dtype, history and requires_grad when they are unusual."""
        assert_equal(repr(Tensor([[1.0, 2.5]])), "Tensor([[1. , 2.5]])")
        assert_equal(repr(Tensor([])), "Tensor([])")
        assert_equal(repr(-Tensor(1.0, requires_grad=True)), "Tensor(-1., grad_fn=<neg>)")
        assert_equal(repr(Tensor(np.ones(1))), "Tensor([1.], dtype=float64)")
        assert_equal(repr(Tensor(3.0, requires_grad=True)), "Tensor(3., requires_grad=True)")
        assert_equal(repr(Tensor(np.zeros((0, 2), np.float32))), "Tensor([], shape=(0, 2))")

    @given(shapes(), st.sampled_from([0.5, 3, True, -2.0]))
    def test_full_takes_the_dtype_of_its_value(self, shape, value):
        """full(shape, value) is value everywhere: float32, int64 or bool, or the dtype of a NumPy scalar."""
        dtype = {float: np.float32, int: np.int64, bool: np.bool_}[type(value)]
        assert_same(call(full, shape, value), np.full(shape, value, dtype))
        assert_same(call(full, shape, value, dtype=np.float64), np.full(shape, value, np.float64))
        scalar = np.float64(value)
        assert_dtype(full(shape, scalar), np.float64)

    @given(shapes())
    def test_zeros_and_ones(self, shape):
        """zeros and ones are float32 by default, and take the shape as numbers or as one tuple."""
        for make, value in ((zeros, 0), (ones, 1)):
            assert_same(call(make, *shape), np.full(shape, value, np.float32))
            assert_same(call(make, shape, dtype=np.int64), np.full(shape, value, np.int64))

    @given(st.integers(0, 4), st.integers(0, 4) | st.none())
    def test_eye(self, n, m):
        """eye(n, m) has ones on the diagonal and zeros elsewhere."""
        rows, columns = np.indices((n, n if m is None else m))
        assert_same(call(eye, n, m), (rows == columns).astype(np.float32))
        assert_same(call(eye, n, dtype=np.int64), np.identity(n, np.int64))

    @given(st.integers(-5, 5), st.integers(-5, 5), st.sampled_from([1, 2, -1, -3, 0.5, -0.25]))
    def test_arange_counts_up_to_stop(self, start, stop, step):
        """arange(start, stop, step) is start, start + step, … before stop; int64, or float32 with a float."""
        dtype = np.float32 if isinstance(step, float) else np.int64
        expected = np.array(oracle.arange(start, stop, step), dtype)
        assert_same(call(arange, start, stop, step), expected)
        assert_same(call(arange, start, stop, step, dtype=np.float64), expected.astype(np.float64))
        assert_same(call(arange, start, stop), np.array(oracle.arange(start, stop, 1), np.int64))
        assert_same(call(arange, stop), np.array(oracle.arange(0, stop, 1), np.int64))
        assert_same(arange(np.int64(stop)).data, np.array(oracle.arange(0, stop, 1), np.int64))

    def test_arange_needs_a_step(self):
        """arange with step 0 raises ValueError."""
        with raises(ValueError, naming="step"):
            arange(0, 3, 0)


def as_mixed(result, *arrays):
    """NumPy's result in the dtype of a Tensor: floats without axes do not widen those that have axes."""
    result, every = np.asarray(result), [x.dtype for x in arrays]
    deciding = [x.dtype for x in arrays if x.ndim] or every
    return result.astype(np.result_type(*deciding) if result.dtype.kind == "f" else result.dtype)


class TestArithmetic:
    """arithmetic, comparisons, broadcasting"""

    @given(broadcastable(dtype=FLOATS, elements=EIGHTHS))
    def test_works_element_by_element(self, pair):
        """Operators and functions agree with NumPy where shapes broadcast; a 0-d float widens no dtype."""
        x, y = pair
        for function, operation in OPERATORS.items():
            expected = as_mixed(operation(x, y), x, y)
            assert_same(call(function, x, y), expected)
            assert_same(call(operation, x, y), expected)

    @given(
        exact(),
        st.sampled_from([2, 0.5, True, np.float64(0.5), np.float64(3), np.int64(2), np.float32(2)]),
    )
    def test_numbers_leave_the_dtype_alone(self, x, number):
        """A number on either side, Python's or NumPy's, acts as one of the tensor's dtype."""
        same = np.array(number, x.dtype)
        for operation in OPERATORS.values():
            right, left = np.asarray(operation(x, same)), np.asarray(operation(same, x))
            assert_same(call(lambda t, op=operation: op(t, number), x), right)
            assert_same(call(lambda t, op=operation: op(number, t), x), left)

    @given(broadcastable(elements=EIGHTHS))
    def test_arrays_on_either_side(self, pair):
        """An ndarray on either side of an operator gives a Tensor too."""
        x, y = pair
        for operation in OPERATORS.values():
            expected = np.asarray(operation(x, y))
            assert_equal(call(lambda t, op=operation: op(t, y), x), expected)
            assert_equal(call(lambda t, op=operation: op(x, t), y), expected)

    @given(x=arrays((3,), np.int32), y=arrays((3,), np.int32, elements=range(1, 6)))
    def test_integers_divide_as_floats(self, x, y):
        """Integers keep their dtype under + - *, and / gives the exact quotient, rounded to float32."""
        for operation in (operator.add, operator.sub, operator.mul):
            assert_same(call(operation, x, y), operation(x, y))
        assert_same(call(operator.truediv, x, y), (x / y).astype(np.float32))

    @each("dtype", [np.float16, np.float32, np.float64])
    def test_whole_numbers_take_the_dtype_of_floats(self, dtype):
        """Integers combined with floats count as floats of that dtype, so float32 stays float32."""
        whole, x = np.array([1, 2, 3]), np.array([0.5, 1.0, 2.0], dtype)
        for operation in (operator.add, operator.sub, operator.mul, operator.truediv, operator.pow):
            assert_same(call(operation, whole, Tensor(x)), operation(whole.astype(dtype), x))
            assert_same(call(operation, x, Tensor(whole)), operation(x, whole.astype(dtype)))

    @given(exact())
    def test_minus_and_absolute_value(self, x):
        """-x and abs(x) agree with NumPy; ~ inverts booleans."""
        assert_same(call(operator.neg, x), -x)
        assert_same(call(operator.abs, x), np.asarray(np.abs(x)))
        assert_same(call(operator.invert, x > 0), np.asarray(x <= 0))

    @given(exact(min_side=1))
    def test_results_have_their_own_memory(self, x):
        """Even x + 0, x * 1 and limits that leave x alone never share memory with x."""
        t, zeros_of, ones_of = Tensor(x), np.zeros_like(x), np.ones_like(x)
        results = [t + 0, t - 0, t * 1, t / 1, t**1, abs(t), add(t, 0), t + zeros_of, t * ones_of]
        results += [clip(t, min=-99, max=99), where(True, t, zeros_of), maximum(t, zeros_of - 99)]
        for result in results:
            assert_no_alias(result.data, x)

    def test_names_shapes_that_do_not_broadcast(self):
        """Shapes that do not broadcast raise ValueError that names both."""
        for operation in OPERATORS.values():
            with raises(ValueError, naming="(2,3) (4,)"):
                operation(Tensor(np.zeros((2, 3))), Tensor(np.zeros(4)))

    @each("other", ["a", None, [1.0], {}])
    def test_refuses_other_types(self, other):
        """A tensor plus a string, None or list raises TypeError; == with them is False."""
        t = Tensor([1.0])
        for attempt in (lambda: t + other, lambda: other * t, lambda: t < other, lambda: t @ other):
            with raises(TypeError):
                attempt()
        expect((t == other) is False, "False", repr(t == other))
        expect((t != other) is True, "True", repr(t != other))

    def test_comparisons_follow_nan(self):
        """NaN equals nothing, not even itself, and is neither less nor greater."""
        x = np.array([np.nan, 1.0])
        for operation in list(OPERATORS.values())[5:]:
            expected = np.array([operation is operator.ne, operation(1, 1)])
            assert_equal(call(operation, x, x), expected)

    def test_tensors_are_told_apart_by_identity(self):
        """Two tensors of equal values are two keys of a dictionary."""
        x, y = Tensor([1.0]), Tensor([1.0])
        names = {x: "x", y: "y"}
        assert_equal((names[x], names[y]), ("x", "y"))

    @each("make", [Tensor, tensor])
    def test_a_tensor_of_a_result_begins_anew(self, make):
        """Tensor(x * 2) and tensor(x * 2) have grad_fn None, whatever x * 2 was computed from."""
        new = make(Tensor([1.0], requires_grad=True) * 2)
        assert_equal((new.grad_fn, new.requires_grad), (None, False))


class TestMatmul:
    """matrix multiplication"""

    @given(matrices())
    def test_multiplies_matrices(self, drawn):
        """(n, k) @ (k, m) is Σₖ x[i, k] · y[k, j]; zero where k is 0."""
        x, y = drawn
        assert_same(call(matmul, x, y), oracle.matmul(x, y))
        assert_same(call(operator.matmul, x, y), oracle.matmul(x, y))

    @given(
        hnp.mutually_broadcastable_shapes(
            signature="(n?,k),(k,m?)->(n?,m?)", max_dims=2, max_side=3
        ),
        seeds(),
    )
    def test_multiplies_stacks_and_vectors(self, found, seed):
        """Leading axes broadcast; a vector is a row on the left and a column on the right."""
        draw = np.random.default_rng(seed)
        x, y = (draw.integers(-9, 9, shape) / 4 for shape in found.input_shapes)
        assert_same(call(matmul, x, y), np.asarray(oracle.matmul(x, y)))

    @each("left, right", [((2, 3, 0), (0, 4)), ((2, 0, 3), (3, 4)), ((0, 2, 3), (3, 0))])
    def test_multiplies_stacks_of_nothing(self, left, right):
        """A stack with 0 rows, columns or matrices times a matrix has the shape of a product."""
        x, y = np.zeros(left), np.zeros(right)
        assert_same(call(matmul, x, y), np.zeros((*left[:-1], right[-1])))

    @given(exact(shape=(2, 3), dtype=np.float64))
    def test_arrays_on_either_side(self, x):
        """tensor @ array and array @ tensor give Tensors; integers keep their dtype."""
        y = np.arange(3.0)
        assert_equal(call(lambda t: t @ y, x), x @ y)
        assert_equal(call(lambda t: x @ t, y), x @ y)
        whole = np.arange(8).reshape(2, 2, 2)
        for left, right in ((whole[0], whole[0]), (whole, whole), (whole, whole[0])):
            assert_same(call(matmul, left, right), oracle.matmul(left, right))

    @each(
        "left, right",
        [((2, 3), (2, 3)), ((3,), (2,)), ((2, 2, 3), (3, 3, 2)), ((), (2,)), ((2, 2), ())],
    )
    def test_names_shapes_that_do_not_fit(self, left, right):
        """Inner lengths or stacks that do not fit, and 0-d, raise ValueError naming both shapes."""
        with raises(ValueError, naming=f"{left} {right}"):
            matmul(Tensor(np.zeros(left)), Tensor(np.zeros(right)))

    def test_refuses_numbers(self):
        """x @ 2.0 raises ValueError that names the shapes: use * for numbers."""
        with raises(ValueError, naming="(2,) ()"):
            Tensor([1.0, 2.0]) @ 2.0


class TestElementwise:
    """elementwise functions"""

    @each("function, reference", [(exp, np.exp), (abs_, np.abs)])
    @given(x=arrays())
    def test_agrees_with_numpy(self, function, reference, x):
        """exp and abs agree with NumPy on any shape, and keep the dtype."""
        assert_same(call(function, x), np.asarray(reference(x)))

    @each("function, reference", [(log, np.log), (sqrt, np.sqrt)])
    @given(x=arrays(elements=[x for x in EIGHTHS if x >= 0]))
    def test_agrees_with_numpy_from_zero_up(self, function, reference, x):
        """log and sqrt agree with NumPy on any shape, and keep the dtype; log(0) is -inf."""
        with np.errstate(all="ignore"):
            assert_same(call(function, x), np.asarray(reference(x)))

    def test_extreme_values(self):
        """exp(-inf) is 0, exp(1e4) inf; log(inf) is inf; log and sqrt of -1 are NaN; NaN stays NaN."""
        inf, nan = np.inf, np.nan
        with np.errstate(all="ignore"):
            assert_equal(call(exp, np.array([-inf, 1e4, nan])), np.array([0, inf, nan]))
            assert_equal(call(log, np.array([inf, -1, nan])), np.array([inf, nan, nan]))
            assert_equal(call(sqrt, np.array([inf, -1, nan])), np.array([inf, nan, nan]))
            assert_equal(call(abs_, np.array([-inf, -0.0, nan])), np.array([inf, 0, nan]))

    @each("dtype", [np.uint8, np.int8, np.bool_])
    def test_small_integers_give_more_than_half(self, dtype):
        """exp, log and sqrt of booleans and one-byte integers are float32: float16 has only three digits."""
        x = np.array([1, 1], dtype)
        for function, reference in ((exp, np.exp), (log, np.log), (sqrt, np.sqrt)):
            assert_same(call(function, x), reference(x.astype(np.float32)))

    @given(exact(), eighths, eighths)
    def test_clip_limits_both_sides(self, x, low, high):
        """clip(x, min, max) is x, but never below min and, above all, never above max."""
        assert_same(
            call(clip, x, min=low, max=high), np.asarray(np.minimum(np.maximum(x, low), high))
        )

    @given(exact(), eighths)
    def test_clip_may_leave_a_side_open(self, x, limit):
        """clip with only min, or only max, limits that side; a limit of 0 counts."""
        for bound in (limit, 0.0, 0):
            assert_same(call(clip, x, min=bound), np.asarray(np.maximum(x, bound)))
            assert_same(call(clip, x, max=bound), np.asarray(np.minimum(x, bound)))

    def test_clip_keeps_nan_and_its_input(self):
        """NaN stays NaN, and the result has its own memory."""
        t = Tensor(np.array([np.nan, 0.5]))
        result = clip(t, min=0.0, max=1.0)
        assert_equal(result.data, np.array([np.nan, 0.5]))
        assert_no_alias(result.data, t.data)

    def test_clip_needs_a_limit(self):
        """clip with neither min nor max raises ValueError."""
        with raises(ValueError, naming="min max"):
            clip(Tensor([1.0]))

    @given(broadcastable(dtype=FLOATS, elements=[*EIGHTHS, *[np.nan] * 40]))
    def test_maximum_broadcasts(self, pair):
        """maximum(x, y) is the larger of the two, NaN if either is."""
        x, y = pair
        assert_same(call(maximum, x, y), as_mixed(np.maximum(x, y), x, y))
        assert_same(call(maximum, x, 0.5), np.asarray(np.maximum(x, 0.5)))

    @given(broadcastable(3, dtype=FLOATS, elements=EIGHTHS))
    def test_where_chooses(self, three):
        """where(condition, x, y) is x where the condition is true and y elsewhere; all three broadcast."""
        c, x, y = three
        shape = np.broadcast_shapes(c.shape, x.shape, y.shape)
        c, wide_x, wide_y = (np.broadcast_to(part, shape) for part in (c > 0, x, y))
        expected = np.array(
            [a if b else d for a, b, d in zip(wide_x.flat, c.flat, wide_y.flat, strict=True)]
        )
        assert_same(call(where, c, x, y), as_mixed(expected.reshape(shape), x, y))
        assert_same(call(where, x > 0, x, 0.0), np.asarray(np.maximum(x, 0)))

    @given(exact())
    def test_are_methods_too(self, x):
        """x.exp(), x.abs() and x.clip(min, max) are the functions; log and sqrt undo exp and squares."""
        t = Tensor(x)
        for got, function in ((t.exp(), exp), (t.abs(), abs_)):
            assert_equal(got.data, function(t).data)
        assert_equal(t.clip(-1, 1).data, clip(t, min=-1, max=1).data)
        assert_equal(t.clip(min=1).data, clip(t, min=1).data)
        assert_equal(t.clip(max=-1).data, clip(t, max=-1).data)
        assert_close(t.exp().log().data, x)
        assert_close((t * t).sqrt().data, np.abs(x))


class TestReductions:
    """sums, means and other reductions"""

    @each("function, reference", [(sum_, np.sum), (max_, np.max), (min_, np.min), (mean, np.mean)])
    @given(drawn=with_dims(exact(min_side=1)), keepdim=st.booleans())
    def test_reduces_along_dim(self, function, reference, drawn, keepdim):
        """sum, max, min and mean agree with NumPy over all, one or several axes, and keep the dtype."""
        x, dim = drawn
        expected = reference(x, axis=dim, keepdims=keepdim)
        assert_same(call(function, x, dim=dim, keepdim=keepdim), np.asarray(expected))

    @given(with_dims(exact(min_side=1)), st.booleans(), st.integers(0, 2))
    def test_var_is_the_mean_square_deviation(self, drawn, keepdim, correction):
        """var is Σ(x - mean)² / (N - correction), and the correction is 1 by default."""
        x, dim = drawn
        options = {"dim": dim, "keepdim": keepdim}
        wide = x.astype(np.float64)
        expected = np.asarray(np.var(wide, axis=dim, keepdims=keepdim, ddof=correction))
        got = call(var, x, **options, correction=correction)
        assert_same(got, expected.astype(x.dtype))
        expected = np.asarray(np.var(wide, axis=dim, keepdims=keepdim, ddof=1))
        assert_same(call(var, x, **options), expected.astype(x.dtype))

    @each("correction, expected", [(0, 1.0), (1, 2.0), (2, np.inf), (3, np.inf)])
    def test_var_of_too_few_values(self, correction, expected):
        """N - correction is never less than 0, so that var of one value is NaN and of two apart infinite."""
        assert_equal(call(var, np.array([1.0, 3.0]), correction=correction), np.array(expected))
        if correction > 0:
            assert_equal(call(var, np.array([5.0]), correction=correction), np.array(np.nan))

    @given(exact(dtype=np.float32, shape=(3, 4)))
    def test_var_survives_a_large_offset(self, x):
        """var(x + c) is var(x), in float32 and with c = 8192: the mean is subtracted before squaring."""
        assert_close(
            call(var, x + np.float32(8192), dim=1), np.var(x, axis=1, ddof=1), rtol=1e-3, atol=1e-3
        )

    @given(with_axis(exact(min_dims=1, min_side=1), allow_none=True), st.booleans())
    def test_argmax_finds_the_first_largest(self, drawn, keepdim):
        """argmax is the first index of the largest value along dim, or in flattened x."""
        x, dim = drawn
        x = np.round(x / 4)
        got = call(argmax, x, dim=dim, keepdim=keepdim)
        assert_dtype(got, np.int64)
        assert_equal(got, np.asarray(np.argmax(x, axis=dim, keepdims=keepdim)))

    @each("function", [max_, min_])
    @given(drawn=with_dims(integers(min_side=1)))
    def test_extremes_of_integers(self, function, drawn):
        """max and min of integers, unsigned ones too, and of booleans are exact and keep the dtype."""
        x, dim = drawn
        reference = np.max if function is max_ else np.min
        assert_same(call(function, x, dim=dim), np.asarray(reference(x, axis=dim)))

    @each("dtype", INTEGERS)
    def test_extremes_at_the_ends_of_a_dtype(self, dtype):
        """max and min are exact for 0 and for the least and largest values of an integer dtype."""
        ends = np.iinfo(dtype)
        for x in ([0, 1, ends.max], [0, ends.min, 1], [ends.max, ends.min]):
            assert_same(call(min_, np.array(x, dtype)), np.array(min(x), dtype))
            assert_same(call(max_, np.array(x, dtype)), np.array(max(x), dtype))

    @given(with_dims(integers(min_side=1)))
    def test_sums_and_means_of_integers(self, drawn):
        """Integers and booleans sum to integers that do not overflow, and have a mean in float32."""
        x, dim = drawn
        sums = np.asarray(x.sum(axis=dim))
        assert_same(call(sum_, x, dim=dim), sums)
        means = np.asarray(sums / (x.size / sums.size))
        assert_same(call(mean, x, dim=dim), means.astype(np.float32))

    @each("function", [max_, min_, sum_, mean, var])
    def test_nan_is_not_lost(self, function):
        """A reduction over values that include NaN is NaN."""
        x = np.array([[1.0, np.nan, 2.0], [1.0, 2.0, 3.0]])
        assert_equal(np.isnan(call(function, x, dim=1)), np.array([True, False]))

    @each(
        "dim, keepdim, shape",
        [
            (None, False, ()),
            (0, False, (3,)),
            (0, True, (1, 3)),
            (-1, False, (0,)),
            ((0, 1), True, (1, 1)),
        ],
    )
    def test_of_nothing(self, dim, keepdim, shape):
        """The sum of no values is 0, and mean and var are NaN; an axis of length 0 that stays is empty."""
        x = np.zeros((0, 3))
        assert_equal(call(sum_, x, dim=dim, keepdim=keepdim), np.zeros(shape))
        for function in (mean, var):
            assert_equal(call(function, x, dim=dim, keepdim=keepdim), np.full(shape, np.nan))

    @each("function", [max_, min_, argmax])
    def test_extremes_of_nothing(self, function):
        """max, min and argmax of no values raise ValueError."""
        with raises(ValueError):
            function(Tensor(np.zeros((0, 3))), dim=0)

    @given(with_axis(exact(min_side=1), allow_none=True))
    def test_reductions_have_their_own_memory(self, drawn):
        """Even the sum of one value never shares memory with x."""
        x, dim = drawn
        for function in (sum_, max_, min_, mean):
            assert_no_alias(function(Tensor(x), dim=dim, keepdim=True).data, x)

    @each("function", REDUCTIONS)
    @each("dim, shape", [(2, (3, 4)), (-3, (3, 4)), (1, (5,))])
    def test_names_a_dim_that_is_no_axis(self, function, dim, shape):
        """A dim out of range raises IndexError that names dim and the shape."""
        with raises(IndexError, naming=f"{dim} {shape}"):
            function(Tensor(np.zeros(shape)), dim=dim)

    @each("function", REDUCTIONS)
    @given(drawn=with_axis(exact(min_dims=1, min_side=2)))
    def test_are_methods_too(self, function, drawn):
        """Methods such as x.sum(dim, keepdim) equal the functions, dim by position too; var names keepdim."""
        x, dim = drawn
        t = Tensor(x)
        method = getattr(t, repr(function))
        values = lambda got: (
            got[0] if isinstance(got, tuple) else got
        )  # max and min: (values, indices)
        assert_equal(method().data, function(t).data)
        kept = method(dim, keepdim=True) if function is var else method(dim, True)
        assert_equal(values(kept).data, function(t, dim=dim, keepdim=True).data)
        assert_equal(values(method(dim=dim)).data, function(t, dim=dim).data)
        assert_equal(t.var(dim, correction=0).data, var(t, dim, correction=0).data)


class TestShapes:
    """shapes and views"""

    @given(
        with_more(
            arrays(max_dims=4),
            lambda x: st.tuples(st.permutations([*x.shape, 1]), st.integers(0, x.ndim)),
        )
    )
    def test_reshape_keeps_the_order(self, drawn):
        """reshape gives the same values in the same order; one length may be -1."""
        x, (shape, at) = drawn
        assert_same(call(reshape, x, shape=tuple(shape)), x.reshape(shape))
        if np.prod(shape[:at] + shape[at + 1 :]) > 0:
            open_shape = (*shape[:at], -1, *shape[at + 1 :])
            assert_same(call(reshape, x, shape=open_shape), x.reshape(shape))
        assert_equal(Tensor(x).reshape(*shape).data, Tensor(x).reshape(tuple(shape)).data)
        grid = np.arange(6).reshape(2, 3)  # small drawn arrays seldom tell rows from columns
        assert_same(call(reshape, grid, shape=(3, 2)), grid.reshape(3, 2))

    @each("shape", [(4,), (2, 2), (-1, 4), (-1, -1), (0,), (0, -1), ()])
    def test_names_a_reshape_that_does_not_fit(self, shape):
        """reshape to another size, with two -1, or with 0 and -1, raises ValueError naming both shapes."""
        with raises(ValueError, naming=f"(2, 3) {shape}"):
            reshape(Tensor(np.zeros((2, 3))), shape=shape)
        if shape == (0, -1):  # of nothing either: any length would fit
            with raises(ValueError, naming=f"(0, 3) {shape}"):
                reshape(Tensor(np.zeros((0, 3))), shape=shape)

    @given(
        with_more(
            arrays(max_dims=4),
            lambda x: st.tuples(st.permutations(range(x.ndim)), several(st.booleans(), x.ndim)),
        )
    )
    def test_permute_reorders_axes(self, drawn):
        """Axis i of permute(x, dims) is axis dims[i] of x, counted from either end."""
        x, (order, from_end) = drawn
        dims = tuple(
            axis - x.ndim if back else axis for axis, back in zip(order, from_end, strict=True)
        )
        got = call(permute, x, dims=dims)
        assert_same(got, np.transpose(x, order))
        assert_equal(Tensor(x).permute(*dims).data, got)

    @given(with_more(arrays(min_dims=1), lambda x: several(st.integers(-x.ndim, x.ndim - 1), 2)))
    def test_transpose_swaps_two_axes(self, drawn):
        """transpose(x, a, b) swaps axes a and b, counted from either end; T swaps the last two."""
        x, (a, b) = drawn
        got = call(transpose, x, a, b)
        assert_same(got, np.swapaxes(x, a, b))
        assert_equal(Tensor(x).transpose(a, b).data, got)
        assert_equal(Tensor(x).T.data, np.swapaxes(x, -1, -2) if x.ndim > 1 else x)

    @given(with_more(arrays(), lambda x: several(st.integers(0, max(x.ndim, 1) - 1), 2)))
    def test_flatten_joins_axes(self, drawn):
        """flatten(x, start, end) joins the axes from start to end; a 0-d tensor becomes (1,)."""
        x, ends = drawn
        rank, (start, end) = max(x.ndim, 1), sorted(ends)
        expected = x.reshape(oracle.flattened(x.shape or (1,), start, end))
        assert_same(call(flatten, x, start, end), expected)
        assert_same(call(flatten, x, start - rank, end - rank), expected)
        assert_same(call(flatten, x), x.reshape(x.size))
        assert_equal(Tensor(x).flatten(start, end).data, expected)
        assert_equal(Tensor(x).flatten().data, x.reshape(x.size))

    @given(arrays(shape=shapes(max_side=2)))
    def test_squeeze_drops_axes_of_length_one(self, x):
        """squeeze drops all axes of length 1, or only dim; another length stays, as in PyTorch."""
        for dim in (None, *range(-x.ndim, x.ndim)):
            expected = x.reshape(oracle.squeezed(x.shape, dim))
            assert_same(call(squeeze, x, dim), expected)
            assert_equal(Tensor(x).squeeze(dim).data, expected)
        assert_equal(call(squeeze, x), x.squeeze())
        assert_equal(Tensor(x).squeeze().data, x.squeeze())

    @given(arrays())
    def test_unsqueeze_adds_an_axis(self, x):
        """unsqueeze(x, dim) has a new axis of length 1 at dim, counted in the result from either end."""
        for dim in range(-x.ndim - 1, x.ndim + 1):
            assert_same(call(unsqueeze, x, dim), np.expand_dims(x, dim))
            assert_equal(Tensor(x).unsqueeze(dim).data, np.expand_dims(x, dim))

    @given(
        with_more(
            exact(shape=shapes(max_side=2)),
            lambda x: st.tuples(
                hnp.broadcastable_shapes(x.shape, max_side=3, max_dims=4), several(st.booleans(), 4)
            ),
        )
    )
    def test_expand_stretches(self, drawn):
        """expand broadcasts x to a shape, in which -1 keeps the length of x."""
        x, (other, keep) = drawn
        shape = np.broadcast_shapes(x.shape, other)
        expected = np.broadcast_to(x, shape)
        new = len(shape) - x.ndim
        asked = tuple(
            -1 if i >= new and n == x.shape[i - new] and keep[i] else n for i, n in enumerate(shape)
        )
        assert_same(call(expand, x, shape=asked), expected)
        assert_equal(Tensor(x).expand(*asked).data, expected)

    @each("shape", [(2, 4), (3,), (-1, 2, 3), (4, 3), ()])
    def test_names_an_expansion_that_does_not_fit(self, shape):
        """expand to what x does not broadcast to, or a new axis of -1, raises ValueError naming shapes."""
        with raises(ValueError, naming=f"(2, 3) {shape}"):
            expand(Tensor(np.zeros((2, 3))), shape=shape)

    def test_views_share_memory(self):
        """Changing the shape of a tensor copies nothing; what expand gives is read-only."""
        t = Tensor(np.arange(6.0).reshape(2, 1, 3))
        views = (
            t.reshape(3, 2), t.permute(2, 0, 1), t.transpose(0, 2), t.T, t.flatten(),
            t.squeeze(), t.unsqueeze(0), t.expand(2, 4, 3), t[0], t[:, 0, 1:],
        )  # fmt: skip
        for view in views:
            expect(np.shares_memory(view.data, t.data), "a view", "a copy")
        for shape in ((2, 4, 3), (2, 1, 3)):
            fixed = not t.expand(*shape).data.flags.writeable
            expect(fixed, "a read-only view from expand", "one that can be written")

    def test_names_a_dim_that_is_no_axis(self):
        """A dim out of range raises IndexError that names dim and the shape, in every function."""
        t = Tensor(np.zeros((2, 3)))
        for attempt, bad in (
            (lambda: permute(t, dims=(0, 2)), 2),
            (lambda: transpose(t, 0, 2), 2),
            (lambda: transpose(t, -3, 0), -3),
            (lambda: flatten(t, 2), 2),
            (lambda: flatten(t, 0, -3), -3),
            (lambda: squeeze(t, 2), 2),
            (lambda: squeeze(t, -3), -3),
            (lambda: unsqueeze(t, 3), 3),
            (lambda: unsqueeze(t, -4), -4),
        ):
            with raises(IndexError, naming=f"{bad} (2, 3)"):
                attempt()

    @each("dims", [(0,), (0, 0), (0, 1, 0), (0, -2)])
    def test_permute_needs_each_axis_once(self, dims):
        """permute that leaves an axis out or repeats one raises ValueError naming dims and the shape."""
        with raises(ValueError, naming=f"{dims} (2, 3)"):
            permute(Tensor(np.zeros((2, 3))), dims=dims)

    def test_flatten_goes_forward(self):
        """flatten with start_dim after end_dim raises ValueError that names both as they were given."""
        for start, end in ((2, 0), (-1, 0)):
            with raises(ValueError, naming=f"{start} {end}"):
                flatten(Tensor(np.zeros((2, 3, 4))), start, end)


class TestIndexing:
    """indexing and joining"""

    @given(with_more(arrays(), lambda x: hnp.basic_indices(x.shape, allow_newaxis=True)))
    def test_takes_integers_and_slices(self, drawn):
        """x[index] agrees with NumPy for integers, slices, ... and None."""
        x, index = drawn
        assert_same(call(operator.getitem, x, index), np.asarray(x[index]))

    @given(with_more(arrays(min_dims=1, min_side=1), lambda x: hnp.integer_array_indices(x.shape)))
    def test_takes_arrays_and_masks(self, drawn):
        """x[index] agrees with NumPy for integer arrays and boolean masks, as arrays or Tensors."""
        x, index = drawn
        assert_same(call(operator.getitem, x, index), x[index])
        assert_same(call(operator.getitem, x, tuple(map(Tensor, index))), x[index])
        assert_same(call(operator.getitem, x, x > 0), x[x > 0])
        rows = np.arange(len(x)) % 2 == 0
        assert_same(call(operator.getitem, x, rows), x[rows])
        assert_same(call(operator.getitem, x, index[0]), x[index[0]])

    @given(exact(min_dims=1))
    def test_iterates_over_the_first_axis(self, x):
        """len(x) is the length of the first axis, and iterating gives x[0], x[1], …"""
        t = Tensor(x)
        assert_equal(len(t), len(x))
        rows = list(t)
        assert_equal(len(rows), len(x))
        for row, expected in zip(rows, x, strict=True):
            assert_equal(row.data, np.asarray(expected))

    def test_a_number_has_no_items(self):
        """len and iteration of a 0-d tensor raise TypeError; an index out of range raises IndexError."""
        for attempt in (len, list):
            with raises(TypeError):
                attempt(Tensor(1.0))
        for index in (3, -4, (0, 0), 0.5):
            with raises(IndexError):
                Tensor(np.zeros(3))[index]

    @given(with_axis(arrays(dtype=np.float64, min_dims=1)), st.lists(st.integers(0, 2), max_size=2))
    def test_cat_joins_along_an_axis(self, drawn, repeats):
        """cat puts tensors one after the other along an axis; lengths there may differ, and dtypes mix."""
        x, dim = drawn
        parts = [x, *(np.repeat(x, times, axis=dim) + 1 for times in repeats)]
        assert_same(call(cat, list(map(Tensor, parts)), dim), np.concatenate(parts, axis=dim))
        assert_equal(cat([Tensor(x), Tensor(x)]).data, np.concatenate([x, x]))
        assert_equal(call(concatenate, x, x), np.concatenate([x, x]))
        whole = np.round(x).astype(np.int64)
        for mixed in ([whole, x], [x.astype(np.float32), x], [x, x.astype(np.float32)]):
            assert_same(call(cat, list(map(Tensor, mixed)), dim), np.concatenate(mixed, axis=dim))

    @given(
        with_more(arrays(dtype=np.float32), lambda x: st.integers(-x.ndim - 1, x.ndim)),
        st.integers(1, 3),
    )
    def test_stack_joins_along_a_new_axis(self, drawn, count):
        """stack puts tensors of one shape side by side along a new axis dim; dtypes mix."""
        x, dim = drawn
        parts = [x + i for i in range(count)]
        assert_same(call(stack, list(map(Tensor, parts)), dim), np.stack(parts, axis=dim))
        assert_equal(stack(list(map(Tensor, parts))).data, np.stack(parts))
        mixed = [x, x.astype(np.float64)]
        assert_same(call(stack, list(map(Tensor, mixed)), dim), np.stack(mixed, axis=dim))

    def test_joining_has_its_own_memory(self):
        """cat and stack copy, even a single tensor."""
        t = Tensor([1.0, 2.0])
        for result in (cat([t]), stack([t])):
            assert_no_alias(result.data, t.data)

    @each("join", [cat, stack])
    def test_names_shapes_that_cannot_be_joined(self, join):
        """Shapes that do not fit raise ValueError naming them; so does an empty list."""
        with raises(ValueError, naming="(2, 3) (2, 4)"):
            join([Tensor(np.zeros((2, 3))), Tensor(np.zeros((2, 4)))])
        with raises(ValueError):
            join([])

    def test_names_a_dim_that_is_no_axis(self):
        """cat and stack along a dim out of range raise IndexError naming dim and the shape."""
        for join, dim in ((cat, 2), (cat, -3), (stack, 3), (stack, -4)):
            with raises(IndexError, naming=f"{dim} (2, 3)"):
                join([Tensor(np.zeros((2, 3)))] * 2, dim)

    def test_stack_needs_one_shape(self):
        """stack of shapes that only differ in an axis of length 1 raises ValueError naming them."""
        with raises(ValueError, naming="(2, 1) (2,)"):
            stack([Tensor(np.zeros((2, 1))), Tensor(np.zeros(2))])


class TestRandomness:
    """random tensors"""

    @each("function", [rand, randn])
    def test_draws_begin_without_history(self, function):
        """What is drawn has grad and grad_fn None, and requires_grad only if set."""
        for t, asked in ((function(2), False), (function(2, requires_grad=True), True)):
            assert_equal((t.grad, t.grad_fn, t.requires_grad), (None, None, asked))
        assert_equal(function(2, requires_grad=True).detach().requires_grad, False)

    @each("function", [rand, randn])
    @given(seed=seeds(), shape=shapes())
    def test_the_seed_decides(self, function, seed, shape):
        """After manual_seed(n) the same numbers come again, in the same order, and later ones are new."""
        manual_seed(seed)
        first, second = function(4, *shape).data, function(4, *shape).data
        manual_seed(seed)
        assert_equal(function(4, *shape).data, first)
        assert_equal(function(4, *shape).data, second)
        new = first.size == 0 or not np.array_equal(first, second)
        expect(new, "new numbers each time", "the same again")

    @each("function", [rand, randn])
    @given(seed=seeds())
    def test_seeds_differ(self, function, seed):
        """Different seeds give different numbers; manual_seed returns the default generator."""
        expect(manual_seed(seed) is default_generator(), "the default generator", "another object")
        first = function(4).data
        manual_seed(seed + 1)
        expect(not np.array_equal(first, function(4).data), "other numbers", "the same numbers")

    @each("function", [rand, randn])
    @given(seed=seeds())
    def test_a_generator_of_your_own(self, function, seed):
        """With generator= the numbers come from it, and the default generator stays where it was."""
        manual_seed(7)
        ordinary = function(3).data
        manual_seed(7)
        own = function(3, generator=np.random.default_rng(seed)).data
        assert_equal(function(3, generator=np.random.default_rng(seed)).data, own)
        assert_equal(function(3).data, ordinary)

    @each("function", [rand, randn])
    @given(shape=shapes())
    def test_has_the_shape_and_dtype_asked_for(self, function, shape):
        """The shape is given as numbers or as one tuple; the dtype is float32 by default."""
        for dtype, made in (
            (np.float32, call(function, *shape)),
            (np.float64, call(function, shape, dtype=np.float64)),
        ):
            assert_shape(made, shape)
            assert_dtype(made, dtype)

    @given(seeds(), st.sampled_from([np.float32, np.float64]))
    def test_rand_is_drawn_in_its_dtype(self, seed, dtype):
        """rand gives the numbers that the generator draws in that dtype, so none is rounded up to 1."""
        got = call(rand, 5, dtype=dtype, generator=np.random.default_rng(seed))
        assert_equal(got, np.random.default_rng(seed).random(5, dtype=dtype))

    def test_rand_is_uniform(self):
        """rand lies in [0, 1), and each tenth of that interval gets a tenth of the numbers."""
        manual_seed(0)
        x = call(rand, 20_000)
        expect(x.min() >= 0 and x.max() < 1, "values in [0, 1)", x)
        assert_close(np.histogram(x, 10, (0, 1))[0] / x.size, np.full(10, 0.1), atol=0.015)

    def test_randn_is_normal(self):
        """randn has mean 0, variance 1, and 68% of it within ±1."""
        manual_seed(0)
        x = call(randn, 20_000)
        expect(abs(x.mean()) < 0.03, "mean near 0", f"mean {x.mean():.3f}")
        expect(abs(x.var() - 1) < 0.05, "variance near 1", f"variance {x.var():.3f}")
        expect(abs((np.abs(x) < 1).mean() - 0.683) < 0.02, "68% within ±1", x)
