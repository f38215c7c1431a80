"""Specs of 05 autograd."""

import gc
import weakref

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from specs.framework import lazy, resolve
from specs.gradients import check_gradient, check_rule, pull_back, remember_rule
from specs.laws import (
    ask,
    assert_close,
    assert_dtype,
    assert_equal,
    assert_no_alias,
    assert_shape,
    expect,
    raises,
)
from specs.seeded import distinct
from specs.strategies import (
    arrays,
    both_signs,
    broadcastable,
    broadcastable_shapes,
    seeds,
    shapes,
)

Tensor, cat, stack, where = lazy("tensor", "Tensor", "cat", "stack", "where")
add, sub, mul, div, pow, neg, matmul = lazy(
    "tensor", "add", "sub", "mul", "div", "pow", "neg", "matmul"
)
exp, log, sqrt, abs_, clip, maximum = lazy("tensor", "exp", "log", "sqrt", "abs", "clip", "maximum")
sum_, max_, min_, reshape, permute, expand, getitem, concatenate = lazy(
    "tensor", "sum", "max", "min", "reshape", "permute", "expand", "getitem", "concatenate"
)
relu, sigmoid, tanh, gelu, softmax = lazy(
    "activations", "relu", "sigmoid", "tanh", "gelu", "softmax"
)
log_softmax, surprise, cross_entropy = lazy("losses", "log_softmax", "surprise", "cross_entropy")
unbroadcast, topological_order, flow = lazy("autograd", "unbroadcast", "topological_order", "flow")
backward, grad, no_grad = lazy("autograd", "backward", "grad", "no_grad")

POSITIVE = (1, 2, 3, 0.5, 1.5, *np.linspace(0.25, 3, 100).round(4))
SMOOTH = both_signs((*POSITIVE[:5], *np.linspace(0.125, 3, 100).round(4)))[1:]
"""Numbers away from zero, where abs and relu have a corner."""


def doubles(shape=None, elements=SMOOTH, **keywords):
    """float64 arrays; without a shape of any shape, 0-d and zero-size ones among them."""
    return arrays(shape, np.float64, elements=elements, **keywords)


@st.composite
def axes_of(draw, min_dims=1):
    """(shape, dim, keepdim) with no empty axis; dim may be None or a tuple, also of negative axes."""
    shape = draw(shapes(min_dims, 3, min_side=1))
    axes = st.integers(-len(shape), len(shape) - 1) if shape else st.nothing()
    several = st.permutations(range(len(shape))).map(lambda order: tuple(order[:2]))
    from_the_end = several.map(lambda dims: tuple(d - len(shape) for d in dims))
    dim = draw(st.none() | axes | several | from_the_end)
    return shape, dim, draw(st.booleans())


def factor_shapes():
    """Shapes for matmul, vectors among them."""
    side = st.integers(1, 3)
    stacks = st.sampled_from([((), ()), ((2,), ()), ((), (2,)), ((2, 1), (3,)), ((1,), (2,))])
    matrices = st.builds(
        lambda s, n, k, m: ((*s[0], n, k), (*s[1], k, m)), stacks, side, side, side
    )
    vectors = st.builds(
        lambda s, k, m, left: ((k,), (*s[1], k, m)) if left else ((*s[0], m, k), (k,)),
        stacks,
        side,
        side,
        st.booleans(),
    )
    both = st.builds(lambda k: ((k,), (k,)), side)
    return matrices | vectors | both


class TestUnbroadcast:
    """undoing broadcasting"""

    @given(broadcastable_shapes(max_side=3))
    def test_gives_the_shape_of_the_argument(self, pair):
        """unbroadcast(g, x) has the shape of x; it is g itself if g already has that shape."""
        x, g = np.zeros(pair[0]), np.ones(np.broadcast_shapes(*pair))
        got = ask(unbroadcast, g, x)
        assert_shape(got, x.shape)
        expect(got is g or g.shape != x.shape, "g itself", "another array")

    @given(broadcastable_shapes(max_side=3), seeds())
    def test_is_the_transpose_of_broadcasting(self, pair, seed):
        """⟨g, broadcast(x)⟩ equals ⟨unbroadcast(g, x), x⟩ for every g and x."""
        draw = np.random.default_rng(seed)
        x = draw.standard_normal(pair[0])
        g = draw.standard_normal(np.broadcast_shapes(*pair))
        spread = np.broadcast_to(x, g.shape)
        assert_close((unbroadcast(g, x) * x).sum(), (g * spread).sum())


class TestArithmeticRules:
    """gradients of arithmetic"""

    @given(broadcastable(elements=SMOOTH), seeds())
    def test_of_sums_and_products(self, drawn, seed):
        """The rules of add, sub, mul and div are right, for shapes that broadcast."""
        for op in (add, sub, mul, div):
            check_rule(op, *drawn, seed=seed)

    @given(broadcastable(elements=POSITIVE), seeds())
    def test_of_powers(self, drawn, seed):
        """The rule of pow is right for base and exponent, for shapes that broadcast."""
        check_rule(pow, *drawn, seed=seed)

    def test_of_powers_at_zero(self):
        """At x = 0 the gradient of x ** 2 is 0, of x ** 0 is 0 and of x ** 1 is 1: never NaN."""
        for exponent, expected in ((2.0, 0.0), (0.0, 0.0), (1.0, 1.0)):
            x = Tensor(np.array([0.0]), requires_grad=True)
            remember_rule(resolve(pow), [x.data, np.array(exponent)], 0)
            pull_back(pow(x, exponent), np.ones(1), x)
            assert_equal(x.grad, np.array([expected]))
        y = Tensor(np.array([2.0, 0.0]), requires_grad=True)
        remember_rule(resolve(pow), [np.zeros(2), y.data], 1)
        pull_back(pow(Tensor(np.array([0.0, 0.0])), y), np.ones(2), y)
        assert_equal(y.grad, np.array([0.0, 0.0]))

    def test_of_the_power_zero_is_zero(self):
        """The gradient of x ** 0 is 0, whatever the incoming gradient: even an infinite one."""
        x = Tensor(np.array([2.0, 3.0]), requires_grad=True)
        remember_rule(resolve(pow), [x.data, np.array([0.0, 2.0])], 0)
        with np.errstate(invalid="ignore"):
            pull_back(pow(x, Tensor(np.array([0.0, 2.0]))), np.array([np.inf, 1.0]), x)
        assert_equal(x.grad, np.array([0.0, 6.0]))

    def test_of_the_exponent_below_zero_at_zero(self):
        """At x = 0 and y = -1, x ** y is infinite, and the gradient of y is -inf: it is not 0 or NaN."""
        x, y = Tensor(np.array([0.0])), Tensor(np.array([-1.0]), requires_grad=True)
        remember_rule(resolve(pow), [x.data, y.data], 1)
        with np.errstate(divide="ignore"):
            pull_back(pow(x, y), np.ones(1), y)
        assert_equal(y.grad, np.array([-np.inf]))

    @given(doubles(), seeds())
    def test_of_the_opposite(self, x, seed):
        """The rule of neg is right."""
        check_rule(neg, x, seed=seed)

    @given(doubles(), seeds())
    def test_of_a_number_on_either_side(self, x, seed):
        """x + 2, 2 - x, x * 3, 1 / x, x / 2, x ** 2 and 2 ** x have the right gradients, and so has x - 2."""
        check_rule(lambda a: 2 - (2 + (a - 2) * 3), x, seed=seed, of=sub)
        check_rule(lambda a: 1 / a, x, seed=seed, of=div)
        check_rule(lambda a: a / 2, x, seed=seed, of=div)
        check_rule(lambda a: a**2, x, seed=seed, of=pow)
        check_rule(lambda a: 2**a, x, seed=seed, of=pow)

    @given(factor_shapes(), seeds())
    @example(((2, 1, 2, 3), (3, 2)), 0)  # four axes on either side are seldom drawn
    @example(((2, 3), (2, 2, 3, 1)), 1)
    @example(((2, 1, 2, 3), (3,)), 0)
    @example(((3,), (2, 1, 3, 2)), 1)
    def test_of_matrix_products(self, found, seed):
        """The rule of matmul is right for vectors, matrices, and stacks that broadcast."""
        draw = np.random.default_rng(seed)
        check_rule(matmul, *(draw.uniform(-2, 2, shape) for shape in found), seed=seed)

    @pytest.mark.parametrize(
        ("left", "right"), [((2, 3, 0), (0, 4)), ((2, 0, 3), (3, 4)), ((0, 2, 3), (3, 4))]
    )
    def test_of_a_product_of_nothing(self, left, right):
        """The rule of matmul gives zeros of the right shapes if there is nothing to multiply."""
        x, y = (
            Tensor(np.zeros(left), requires_grad=True),
            Tensor(np.ones(right), requires_grad=True),
        )
        pull_back(matmul(x, y), np.ones((*left[:-1], right[-1])), x, y)
        assert_equal(y.grad, np.zeros(right))
        assert_shape(x.grad, left)


class TestElementwiseRules:
    """gradients of functions of one number"""

    @given(doubles(elements=POSITIVE), seeds())
    def test_of_exp_log_and_sqrt(self, x, seed):
        """The rules of exp, log and sqrt are right."""
        for op in (exp, log, sqrt):
            check_rule(op, x, seed=seed)

    @given(doubles(), seeds())
    def test_of_abs_and_clip(self, x, seed):
        """The rules of abs and clip are right away from their corners."""
        check_rule(abs_, x, seed=seed)
        inner = np.where(np.abs(np.abs(x) - 1) < 0.01, x * 1.1, x)
        check_rule(lambda a: clip(a, min=-1, max=1), inner, seed=seed, of=clip)
        check_rule(lambda a: clip(a, min=1), inner, seed=seed, of=clip)

    @given(doubles(), seeds())
    def test_of_activations(self, x, seed):
        """The rules of relu, sigmoid, tanh and both forms of gelu are right."""
        for op in (relu, sigmoid, tanh, gelu):
            check_rule(op, x, seed=seed)
        check_rule(lambda a: gelu(a, approximate="tanh"), x, seed=seed, of=gelu)

    @given(axes_of(), seeds())
    def test_of_softmax(self, drawn, seed):
        """The rules of softmax and log_softmax are right along every axis."""
        shape, dim, _ = drawn
        dim = dim if isinstance(dim, int) else -1
        x = np.random.default_rng(seed).uniform(-2, 2, shape)
        for op in (softmax, log_softmax):
            check_rule(lambda a, op=op: op(a, dim=dim), x, seed=seed, of=op)

    @given(st.integers(1, 4), st.integers(1, 4), seeds())
    def test_of_cross_entropy(self, n, c, seed):
        """The gradients of surprise and cross_entropy are right."""
        draw = np.random.default_rng(seed)
        classes, x = draw.integers(0, c, n), draw.uniform(-2, 2, (n, c))
        check_rule(lambda a: surprise(a, classes=classes), x, seed=seed, of=surprise)
        check_rule(lambda a: cross_entropy(a, classes), x, seed=seed, of=surprise)

    @given(broadcastable(3, elements=SMOOTH), seeds())
    def test_of_choices(self, drawn, seed):
        """The rules of where and maximum are right, for shapes that broadcast and any condition."""
        condition, x, y = drawn
        for chosen in (
            condition > 0,
            2 * (condition > 0),
        ):  # a number counts as true unless it is 0
            check_rule(lambda a, b, c=chosen: where(Tensor(c), a, b), x, y, seed=seed, of=where)
        check_rule(lambda b: where(condition > 0, 0.5, b), y, seed=seed, of=where)
        apart = np.where(np.abs(x - y) < 0.01, y + 0.5, x) if x.shape == y.shape else x
        apart, other = np.broadcast_arrays(apart, y)
        other = np.where(np.abs(apart - other) < 0.01, other + 0.5, other)
        check_rule(maximum, apart, other, seed=seed)

    @pytest.mark.parametrize("form", ["none", "tanh"])
    def test_of_gelu_at_zero(self, form):
        """The slope of gelu is 1/2 at 0, and where x is so small that gelu(x) may be rounded to 0."""
        x = Tensor(np.array([0.0, 1e-40, -1e-320, 2.0]), requires_grad=True)
        remember_rule(resolve(gelu), [x.data], 0)
        pull_back(gelu(x, approximate=form), np.ones(4), x)
        assert_close(x.grad[:3], np.full(3, 0.5))
        assert_close(x.grad[3], 1.0852318009790807 if form == "none" else 1.086099256641937)

    def test_of_a_tie_is_shared(self):
        """Where both arguments of maximum are equal, each gets half of the gradient."""
        x, y = (Tensor(np.array([1.0, 2.0]), requires_grad=True) for _ in range(2))
        pull_back(maximum(x, y), np.array([2.0, 4.0]), x, y)
        assert_equal(x.grad, np.array([1.0, 2.0]))
        assert_equal(y.grad, np.array([1.0, 2.0]))

    @pytest.mark.parametrize(
        ("op", "cut"),
        [
            (relu, relu),
            (clip, lambda x: clip(x, min=0)),
            (maximum, lambda x: maximum(x, 0.0)),
            (where, lambda x: where(np.array([False, True]), x, 0.0)),
        ],
        ids=["relu", "clip", "maximum", "where"],
    )
    def test_of_what_is_cut_off_is_zero(self, op, cut):
        """At x = -1, relu(x).sqrt() has gradient 0, never NaN; likewise with clip, maximum and where."""
        x, zero = Tensor(np.array([-1.0, 4.0]), requires_grad=True), np.array(0.0)
        args = {maximum: [x.data, zero], where: [np.array([False, True]), x.data, zero]}
        remember_rule(resolve(op), args.get(op, [x.data]), 0)
        with np.errstate(all="ignore"):
            pull_back(sqrt(cut(x)), np.ones(2), x)
        assert_equal(x.grad, np.array([0.0, 0.25]))

    def test_of_what_is_no_number_flows_on(self):
        """Where x is NaN, relu and maximum pass the gradient on, so that the fault stays visible."""
        x, y = (Tensor(np.array(v), requires_grad=True) for v in ([np.nan, 1.0], [1.0, np.nan]))
        remember_rule(resolve(relu), [x.data], 0)
        pull_back(relu(x), np.array([2.0, 3.0]), x)
        assert_equal(x.grad, np.array([2.0, 3.0]))
        pull_back(maximum(x, y), np.array([2.0, 3.0]), x, y)
        for position, tensor in enumerate((x, y)):
            remember_rule(resolve(maximum), [x.data, y.data], position)
            assert_equal(tensor.grad, np.array([2.0, 3.0]))

    @pytest.mark.parametrize(
        ("op", "function", "slopes"),
        [
            (relu, relu, [0.0, 1.0]),
            (abs_, abs_, [0.0, 1.0]),
            (clip, lambda x: clip(x, min=0, max=2), [1.0, 1.0]),
        ],
        ids=["relu", "abs", "clip"],
    )
    def test_at_a_corner(self, op, function, slopes):
        """At 0 the gradient of relu and of abs is 0; at either limit of clip it is the whole incoming one."""
        x = Tensor(np.array([0.0, 2.0]), requires_grad=True)
        remember_rule(resolve(op), [x.data], 0)
        pull_back(function(x), np.array([3.0, 3.0]), x)
        assert_equal(x.grad, 3 * np.array(slopes))

    @given(st.integers(1, 3), seeds())
    def test_of_maximum_with_a_smaller_shape(self, n, seed):
        """maximum of (2, n) and (n,) gives the second the sum of the gradients of both rows."""
        check_rule(maximum, distinct(seed, 2, n), distinct(seed, n) + 0.03, seed=seed)


class TestReductionAndShapeRules:
    """gradients of sums and shapes"""

    @given(axes_of(0), seeds())
    @example(((2, 1, 3), (-1, -3), False), 0)
    @example(((2, 3, 2), (-2, -3), True), 1)
    def test_of_sum_mean_and_var(self, drawn, seed):
        """The gradients of sum, mean and var are right along every axis, with and without keepdim."""
        shape, dim, keepdim = drawn
        x = np.random.default_rng(seed).uniform(-2, 2, shape)
        check_rule(lambda a: a.sum(dim, keepdim), x, seed=seed, of=sum_)
        check_rule(lambda a: a.mean(dim, keepdim), x, seed=seed, of=sum_)
        check_rule(lambda a: a.var(dim, keepdim=keepdim, correction=0), x, seed=seed, of=sum_)

    @given(axes_of(0), seeds())
    @example(((2, 1, 3), (-1, -3), False), 0)
    @example(((2, 3, 2), (-2, -3), True), 1)
    def test_of_max_and_min(self, drawn, seed):
        """The gradients of max and min are right along every axis, with and without keepdim."""
        shape, dim, keepdim = drawn
        x = distinct(seed, *shape)
        check_rule(lambda a: max_(a, dim=dim, keepdim=keepdim), x, seed=seed, of=max_)
        check_rule(lambda a: min_(a, dim, keepdim), x, seed=seed, of=max_)

    @given(seeds())
    def test_of_what_is_left_out(self, seed):
        """Rules take the same default as their function: dim None, -1 or 0, and keepdim False."""
        x = distinct(seed, 2, 3, 2)
        for op in (sum_, max_, softmax, log_softmax):
            check_rule(op, x, seed=seed)
            check_rule(lambda a, op=op: op(a, dim=1), x, seed=seed, of=op)
        check_rule(concatenate, x, x[:1] + 0.03, seed=seed)

    def test_of_tied_maxima_is_shared(self):
        """Several equal maxima, two, three or five, share the gradient evenly."""
        x = Tensor(np.array([[3.0, 3.0, 3.0], [2.0, 3.0, 3.0]]), requires_grad=True)
        remember_rule(resolve(max_), [x.data], 0)
        pull_back(max_(x, dim=1), np.array([6.0, 4.0]), x)
        assert_equal(x.grad, np.array([[2.0, 2.0, 2.0], [0.0, 2.0, 2.0]]))
        pull_back(max_(x), np.array(10.0), x)
        assert_equal(x.grad, np.array([[2.0, 2.0, 2.0], [0.0, 2.0, 2.0]]))

    @given(shapes(1, 3, min_side=1), seeds())
    def test_of_reshape_and_permute(self, shape, seed):
        """The rules of reshape and permute are right, for any order of axes, counted from either end."""
        draw = np.random.default_rng(seed)
        x, order = draw.uniform(-2, 2, shape), tuple(int(i) for i in draw.permutation(len(shape)))
        check_rule(lambda a: a.reshape(-1), x, seed=seed, of=reshape)
        check_rule(lambda a: a.permute(*order), x, seed=seed, of=permute)
        mixed = tuple(i - len(shape) if i % 2 else i for i in order)
        check_rule(lambda a: a.permute(*mixed), x, seed=seed, of=permute)

    @given(shapes(min_side=1, max_side=3), seeds())
    def test_of_expand(self, shape, seed):
        """The rule of expand is right: it sums over what was repeated."""
        x = np.random.default_rng(seed).uniform(-2, 2, shape)
        wide = (2, *(3 if n == 1 else n for n in shape))
        check_rule(lambda a: a.expand(*wide), x, seed=seed, of=expand)

    @given(seeds())
    def test_of_indexing(self, seed):
        """The rule of indexing is right for integers, slices, new axes and ellipses."""
        x = np.random.default_rng(seed).uniform(-2, 2, (3, 4, 2))
        cases = (1, -1, slice(None, None, 2), (0, slice(1, 3)), (..., 0), (None, 2), (0, 1, 1))
        for index in cases:
            check_rule(lambda a, i=index: a[i], x, seed=seed, of=getitem)

    @given(st.lists(st.integers(-4, 3), max_size=6), seeds())
    def test_of_indexing_twice_adds_up(self, rows, seed):
        """An element taken several times by an index array gets the sum of its gradients; masks work too."""
        x = np.random.default_rng(seed).uniform(-2, 2, (4, 2))
        index = np.array(rows, np.int64)
        check_rule(lambda a: a[index], x, seed=seed, of=getitem)
        check_rule(lambda a: a[index, 1], x, seed=seed, of=getitem)
        for mask in (np.array([True, False, True, True]), x > 0):
            check_rule(lambda a, m=mask: a[m], x, seed=seed, of=getitem)

    @given(st.lists(st.integers(0, 3), min_size=1, max_size=3), st.integers(-2, 1), seeds())
    def test_of_joining(self, sides, dim, seed):
        """The gradients of cat and stack go back to where each part came from."""
        draw = np.random.default_rng(seed)
        parts = [draw.uniform(-2, 2, (side, 2) if dim in (0, -2) else (2, side)) for side in sides]
        check_rule(lambda *a: cat(a, dim=dim), *parts, seed=seed, of=concatenate)
        equal = [draw.uniform(-2, 2, (2, 3)) for _ in sides]
        check_rule(lambda *a: stack(a, dim=dim), *equal, seed=seed, of=concatenate)


class TestBackward:
    """from one number to all leaves"""

    @given(doubles(min_side=1))
    def test_begins_with_one(self, x):
        """backward() of a single number begins with the gradient 1."""
        leaf = Tensor(x, requires_grad=True)
        leaf.sum().backward()
        assert_equal(leaf.grad, np.ones(x.shape))

    @given(doubles(min_side=1), st.integers(1, 4))
    def test_adds_up_over_calls(self, x, times):
        """Gradients add up from one backward to the next, until grad is set to None."""
        leaf = Tensor(x, requires_grad=True)
        for _ in range(times):
            (leaf * 3).sum().backward()
        assert_close(leaf.grad, np.full(x.shape, 3.0 * times))
        expect(isinstance(leaf.grad, np.ndarray), "an ndarray, also for one number", leaf.grad)
        leaf.grad = None
        leaf.sum().backward()
        assert_equal(leaf.grad, np.ones(x.shape))

    @given(doubles(min_side=1), seeds())
    def test_adds_up_over_uses(self, x, seed):
        """A tensor that is used several times gets the sum of the gradients of all its uses."""
        check_gradient(lambda a: a * a + a.exp() * a - a, x, seed=seed, of=mul)
        check_gradient(lambda a: a + a.reshape(-1).reshape(*x.shape) + a, x, seed=seed, of=add)

    @given(doubles(min_side=1))
    def test_fills_leaves_only(self, x):
        """Only leaves that require a gradient get one."""
        leaf, other = Tensor(x, requires_grad=True), Tensor(x)
        middle = leaf * other
        middle.sum().backward()
        expect(leaf.grad is not None, "a gradient for the leaf", "None")
        expect(other.grad is None, "no gradient for a tensor that requires none", other.grad)
        expect(middle.grad is None, "no gradient for a tensor that was computed", middle.grad)

    @given(doubles(min_side=1))
    def test_shares_no_memory(self, x):
        """The gradients of x and y in x + y have their own memory, separate from that of grad."""
        first, second = (Tensor(x.copy(), requires_grad=True) for _ in range(2))
        given_grad = np.ones(x.shape)
        (first + second).backward(given_grad)
        assert_no_alias(first.grad, second.grad, given_grad, first.data)
        assert_no_alias(second.grad, given_grad)

    @given(arrays(min_side=1))
    def test_keeps_the_dtype(self, x):
        """A gradient has the dtype of its tensor, whatever the tensor was combined with."""
        leaf = Tensor(x, requires_grad=True)
        for _ in range(2):
            (leaf * Tensor(np.ones(x.shape, np.float64))).sum().backward()
            assert_dtype(leaf.grad, x.dtype)

    @given(doubles(min_side=1), st.booleans())
    def test_takes_a_gradient_to_begin_with(self, x, as_tensor):
        """backward(g) begins with g, an array or a Tensor of the tensor's shape."""
        leaf = Tensor(x, requires_grad=True)
        backward(leaf * 2, Tensor(x + 1) if as_tensor else x + 1)
        assert_close(leaf.grad, 2 * (x + 1))

    def test_of_a_leaf_itself(self):
        """backward() of a leaf gives it the gradient 1."""
        leaf = Tensor(np.array(3.0), requires_grad=True)
        leaf.backward()
        assert_equal(leaf.grad, np.array(1.0))


class TestGraphs:
    """deep, shared and freed graphs"""

    def test_a_hundred_thousand_deep(self):
        """A chain of 100,000 operations works: no recursion."""
        leaf = Tensor(np.array(1.0), requires_grad=True)
        result = leaf
        for _ in range(100_000):
            result = -result
        result.backward(retain_graph=True)
        assert_equal(leaf.grad, np.array(1.0))
        del result  # nor may it need recursion to let go of them all

    @given(st.integers(1, 60))
    def test_shared_parts_are_walked_once(self, doublings):
        """x + x, 60 times in a row, takes 60 steps and not 2 to the power of 60."""
        leaf = Tensor(np.array(1.0), requires_grad=True)
        result = leaf
        for _ in range(doublings):
            result = result + result
        result.backward()
        assert_equal(leaf.grad, np.array(2.0**doublings))

    @given(st.data())
    def test_order_puts_results_before_arguments(self, data):
        """topological_order lists each tensor once, before the arguments it was computed from."""
        tensors = [Tensor(np.array(1.0), requires_grad=True)]
        for _ in range(data.draw(st.integers(1, 8))):
            first, second = (data.draw(st.sampled_from(tensors)) for _ in range(2))
            tensors.append(first * second)
        order = topological_order(tensors[-1])
        place = {id(tensor): position for position, tensor in enumerate(order)}
        expect(len(place) == len(order), "each tensor once", f"{len(order)} entries")
        expect(order[0] is tensors[-1], "the result first", "another tensor first")
        for tensor in order:
            for arg in tensor.grad_fn.args if tensor.grad_fn else ():
                expect(place[id(arg)] > place[id(tensor)], "arguments after results", "the reverse")

    def test_is_freed(self):
        """After backward the tensors in between are freed, even if you keep the result."""
        leaf = Tensor(np.ones(3), requires_grad=True)
        middle = leaf * 2
        watch = weakref.ref(middle)
        result = middle.sum()
        del middle
        result.backward()
        gc.collect()
        expect(watch() is None, "a tensor in between that is let go", "it is still alive")

    def test_cannot_be_used_twice_unless_kept(self):
        """A second backward, even through a part, is a RuntimeError naming retain_graph, unless it is set."""
        leaf = Tensor(np.ones(3), requires_grad=True)
        result = (leaf * 2).sum()
        result.backward(retain_graph=True)
        result.backward()
        assert_equal(leaf.grad, np.full(3, 4.0))
        with raises(RuntimeError, naming="retain_graph"):
            result.backward()
        shared = leaf * 2
        first, second = shared.sum(), (shared * 3).sum()
        first.backward()
        with raises(RuntimeError, naming="retain_graph"):
            second.backward()

    def test_flow_yields_complete_gradients(self):
        """flow yields each tensor with its complete gradient, the leaf last."""
        leaf = Tensor(np.ones(3), requires_grad=True)
        seen = list(flow((leaf * 2 + leaf).sum(), np.array(1.0), False))
        expect(seen[-1][0] is leaf, "the leaf last", "another tensor")
        assert_equal(np.asarray(seen[-1][1]), np.full(3, 3.0))

    def test_flow_forgets_gradients_as_it_goes(self):
        """Along a chain of 20, flow holds at most the gradient it yields and the one before it."""
        result = Tensor(np.zeros(3), requires_grad=True)
        for _ in range(20):
            result = tanh(result)
        watches = []
        for _, g in flow(result, np.ones(3), False):
            watches.append(weakref.ref(g))
            alive = [watch for watch in watches[1:] if watch() is not None]
            expect(len(alive) <= 2, "at most 2 gradients alive", f"{len(alive)} alive")


class TestControl:
    """no_grad, grad and errors"""

    def test_no_grad_records_nothing(self):
        """Within no_grad() results require no gradient; after it they do again, even when nested."""
        leaf = Tensor(np.ones(2), requires_grad=True)
        with no_grad():
            with no_grad():
                pass
            inside = leaf * 2
        expect(not inside.requires_grad, "a result that requires no gradient", "one that does")
        expect(inside.grad_fn is None, "a result that remembers nothing", "a grad_fn")
        expect((leaf * 2).requires_grad, "recording again afterwards", "no recording")

    def test_no_grad_nests_within_itself(self):
        """One no_grad object, entered twice, turns recording on again only when left twice."""
        leaf, context = Tensor(np.ones(2), requires_grad=True), no_grad()
        with context:
            with context:
                pass
            inside = leaf * 2
        expect(not inside.requires_grad, "a result that requires no gradient", "one that does")
        expect((leaf * 2).requires_grad, "recording again afterwards", "no recording")

    def test_no_grad_ends_with_an_exception(self):
        """An exception inside no_grad() turns recording on again, and is not swallowed."""
        leaf = Tensor(np.ones(2), requires_grad=True)
        with raises(KeyError), no_grad():
            raise KeyError("inside")
        expect((leaf * 2).requires_grad, "recording again afterwards", "no recording")

    def test_no_grad_decorates(self):
        """@no_grad() turns recording off for each call of a function."""
        leaf = Tensor(np.ones(2), requires_grad=True)
        double = no_grad()(lambda x: x * 2)
        expect(
            not double(leaf).requires_grad, "a result that requires no gradient", "one that does"
        )
        expect((leaf * 2).requires_grad, "recording again afterwards", "no recording")

    @given(doubles(min_side=1))
    def test_grad_gives_gradients_without_storing_them(self, x):
        """grad(output, inputs) gives one Tensor, or each of several, its own gradient, and stores none."""
        leaf = Tensor(x, requires_grad=True)
        middle = leaf * 3
        got = grad((middle * middle).sum(), [middle, leaf])
        assert_close(got[0], 6 * x)
        assert_close(got[1], 18 * x)
        assert_close(grad((leaf * leaf).sum(), leaf)[0], 2 * x)
        expect(leaf.grad is None, "no stored gradient", leaf.grad)
        single = Tensor(x.astype(np.float32), requires_grad=True)
        got = grad((single * Tensor(x) + leaf).sum(), [single, leaf])
        assert_dtype(got[0], np.float32)
        twin = Tensor(x, requires_grad=True)
        assert_no_alias(*grad(leaf + twin, [leaf, twin], np.ones(x.shape)))

    def test_grad_takes_a_gradient_to_begin_with(self):
        """grad(output, inputs, g) begins with g."""
        leaf = Tensor(np.ones(2), requires_grad=True)
        assert_equal(grad(leaf * 2, [leaf], np.array([1.0, 5.0]))[0], np.array([2.0, 10.0]))

    def test_grad_frees_the_graph_unless_it_is_kept(self):
        """grad and backward free the graph by default, and keep it with retain_graph=True."""
        leaf = Tensor(np.ones(2), requires_grad=True)
        result = (leaf * 2).sum()
        grad(result, [leaf], retain_graph=True)
        assert_equal(grad(result, [leaf])[0], np.full(2, 2.0))
        with raises(RuntimeError):
            grad(result, [leaf])
        result = (leaf * 2).sum()
        backward(result)
        with raises(RuntimeError, naming="retain_graph"):
            backward(result)

    def test_grad_names_an_input_that_was_not_used(self):
        """grad of an input that the output does not depend on is a RuntimeError with its position."""
        leaf, other = (Tensor(np.ones(2), requires_grad=True) for _ in range(2))
        with raises(RuntimeError, naming="1"):
            grad((leaf * 2).sum(), [leaf, other])

    def test_a_tensor_without_gradient(self):
        """backward of a tensor that requires no gradient is a RuntimeError."""
        with raises(RuntimeError):
            backward(Tensor(np.array(1.0)))

    @given(st.integers(2, 4))
    def test_many_elements_need_a_gradient(self, n):
        """backward() and grad of several elements are a RuntimeError that names grad and the shape."""
        leaf = Tensor(np.ones(n), requires_grad=True)
        for attempt in (lambda: backward(leaf * 2), lambda: grad(leaf * 2, [leaf])):
            with raises(RuntimeError, naming=f"grad ({n},)"):
                attempt()

    @given(st.integers(2, 4))
    def test_a_gradient_of_another_shape(self, n):
        """backward(g) with g of another shape is a ValueError that names both shapes."""
        with raises(ValueError, naming=f"({n},) (1,)"):
            backward(Tensor(np.ones(n), requires_grad=True) * 2, np.ones(1))
