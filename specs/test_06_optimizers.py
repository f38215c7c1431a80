"""Specs of 06 optimizers."""

from copy import deepcopy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from specs.descriptions import Later, show
from specs.framework import lazy, resolve
from specs.laws import (
    ask,
    assert_close,
    assert_dtype,
    assert_equal,
    expect,
    raises,
    remember,
)
from specs.memory import peak_bytes
from specs.oracles import optimizers as oracle
from specs.strategies import FLOATS, arrays, both_signs, shapes

Tensor = lazy("tensor", "Tensor")
Linear = lazy("layers", "Linear")
Optimizer, SGD, Adam, AdamW = lazy("optimizers", "Optimizer", "SGD", "Adam", "AdamW")

KINDS = (
    (SGD, oracle.sgd, {"lr": 0.1}),
    (SGD, oracle.sgd, {"lr": 0.1, "momentum": 0.5}),
    (SGD, oracle.sgd, {"lr": 0.25, "momentum": 0.75, "nesterov": True, "weight_decay": 0.5}),
    (SGD, oracle.sgd, {"lr": 0.1, "momentum": 0.5, "dampening": 0.25}),
    (Adam, oracle.adam, {"lr": 0.1, "weight_decay": 0.5}),
    (AdamW, oracle.adamw, {"lr": 0.1, "betas": (0.5, 0.75), "weight_decay": 0.25}),
)
every_kind = pytest.mark.parametrize(
    ("kind", "oracle_step", "options"),
    KINDS,
    ids=["plain", "momentum", "nesterov", "dampened", "adam", "adamw"],
)

rates = st.floats(1e-3, 1.0)
decays = st.sampled_from([0.0, 0.125, 0.5])
sgd_options = st.fixed_dictionaries(
    {
        "lr": rates,
        "momentum": st.sampled_from([0.0, 0.5, 0.9]),
        "dampening": st.sampled_from([0.0, 0.25]),
        "weight_decay": decays,
    }
)
nesterov_options = st.fixed_dictionaries(
    {"lr": rates, "momentum": st.floats(0.1, 0.95), "weight_decay": decays}
).map(lambda options: {**options, "nesterov": True})
adam_options = st.fixed_dictionaries(
    {
        "lr": rates,
        "betas": st.sampled_from([(0.9, 0.999), (0.5, 0.75), (0.75, 0.5), (0.0, 0.5), (0.0, 0.0)]),
        "eps": st.sampled_from([1e-8, 1e-3, 1.0]),
        "weight_decay": decays,
    }
)


@st.composite
def histories(draw, dtype=np.float64, max_steps=4, elements=None):
    """(start, gradients): a parameter and the gradients of some steps, all of one shape."""
    shape = (1 + draw(st.integers(1, max_steps)), *draw(shapes(max_dims=2, max_side=3)))
    start, *gradients = draw(arrays(shape, dtype, elements=elements))
    return np.asarray(start), [np.asarray(grad) for grad in gradients]


def away_from_zero(least):
    """Numbers of either sign and of a size between ``least`` and 10."""
    return tuple(both_signs((*range(1, 11), *np.geomspace(least, 10, 100)))[1:])


def parameter(array):
    return Tensor(np.array(array), requires_grad=True)


def begin(kind, start, gradients, options):
    """(parameter, optimizer), and what is about to be run is kept for the message."""
    param = parameter(start)
    named = lambda: "".join(f", {name}={show(value)}" for name, value in options.items())
    whole = lambda: (
        f"{kind}([Tensor({show(start)})]{named()}), a step with each grad of {show(gradients)}"
    )
    remember(Later(whole), getattr(resolve(kind), "update", resolve(kind).step))
    return param, kind([param], **options)


def run(kind, start, gradients, **options):
    """The parameter after one step for each gradient; None stands for a missing one."""
    param, optimizer = begin(kind, start, gradients, options)
    for grad in gradients:
        take_step(optimizer, [param], [grad])
    return param.data


def take_step(optimizer, params, gradients):
    """One step with these gradients, each copied."""
    for param, grad in zip(params, gradients, strict=True):
        param.grad = None if grad is None else np.array(grad)
    optimizer.step()


class TestParameters:
    """take charge of parameters"""

    def test_accepts_the_parameters_of_a_model(self):
        """model.parameters(), an iterator, becomes one group with those Tensors in order."""
        model = Linear(3, 2)
        groups = ask(SGD, iter(model.parameters()), lr=0.1).param_groups
        expect(len(groups) == 1, "one group", f"{len(groups)} groups")
        held = [id(param) for param in groups[0]["params"]]
        expect(
            held == [id(p) for p in model.parameters()],
            "the Tensors of the model",
            groups[0]["params"],
        )

    @given(rates, rates)
    def test_groups_have_hyperparameters_of_their_own(self, lr, other):
        """A group keeps its own lr and takes what it lacks from the optimizer."""
        params = [parameter([1.0]), parameter([1.0])]
        given_groups = [{"params": iter(params[:1])}, {"params": params[1:], "lr": other}]
        before = [dict(group) for group in given_groups]
        optimizer = ask(SGD, given_groups, lr=lr, weight_decay=0.5)
        assert_equal([group["lr"] for group in optimizer.param_groups], [lr, other])
        assert_equal([group["weight_decay"] for group in optimizer.param_groups], [0.5, 0.5])
        take_step(optimizer, params, [[1.0], [1.0]])
        for param, rate in zip(params, (lr, other), strict=True):
            assert_close(param.data, [1 - rate * 1.5])
        for group, held in zip(given_groups, before, strict=True):
            same = group.keys() == held.keys() and all(group[name] is held[name] for name in held)
            expect(same, "the given group unchanged", group)

    @every_kind
    def test_groups_step_by_their_own(self, kind, oracle_step, options):
        """Every option of a group applies to its step, whatever the defaults and other groups say."""
        params = [parameter([1.0, -2.0]), parameter([1.0, -2.0])]
        plain = {"lr": 0.5}
        optimizer = ask(kind, [{"params": params[:1], **options}, {"params": params[1:]}], **plain)
        alone = [parameter([1.0, -2.0]), parameter([1.0, -2.0])]
        others = [kind(alone[:1], **options), kind(alone[1:], **plain)]
        for gradient in ([1.0, 2.0], [-0.5, 0.25], [3.0, 1.0]):
            take_step(optimizer, params, [gradient, gradient])
            for other, param in zip(others, alone, strict=True):
                take_step(other, [param], [gradient])
        for param, expected in zip(params, alone, strict=True):
            assert_close(param.data, expected.data)

    @every_kind
    def test_options_can_be_changed(self, kind, oracle_step, options):
        """A change in param_groups, even of momentum to 0, takes effect with the next step."""
        plain = {"momentum": 0.0, "nesterov": False, "dampening": 0.5}
        changed = {"lr": 0.5, "weight_decay": 0.125, **(plain if kind is SGD else {"eps": 0.5})}
        first, second = np.array([1.0, 2.0]), np.array([3.0, -1.0])
        param, optimizer = begin(kind, np.array([1.0, -2.0]), [first, second], options)
        expected, seen = oracle_step(param.data, first, (), **options)
        take_step(optimizer, [param], [first])
        optimizer.param_groups[0].update(changed)
        take_step(optimizer, [param], [second])
        expected, _ = oracle_step(expected, second, seen, **{**options, **changed})
        assert_close(param.data, expected)

    @given(rates, rates)
    def test_lr_can_be_changed(self, first, second):
        """Setting param_groups[0]["lr"], or lr for every group, takes effect with the next step."""
        params = [parameter([0.0]), parameter([0.0])]
        optimizer = SGD([{"params": params[:1]}, {"params": params[1:]}], lr=1.0)
        optimizer.param_groups[0]["lr"] = first
        assert_equal(optimizer.lr, first)
        take_step(optimizer, params, [[1.0], [1.0]])
        optimizer.lr = np.float64(second)
        expect(
            all(type(g["lr"]) is float for g in optimizer.param_groups),
            "floats",
            optimizer.param_groups,
        )
        take_step(optimizer, params, [[1.0], [1.0]])
        assert_close(params[0].data, [-first - second])
        assert_close(params[1].data, [-1.0 - second])

    def test_zero_grad_forgets_every_gradient(self):
        """zero_grad() sets grad to None in every group."""
        params = [parameter([1.0]) for _ in range(3)]
        optimizer = SGD([{"params": params[:2]}, {"params": params[2:]}], lr=0.1)
        for param in params:
            param.grad = np.array([1.0])
        ask(optimizer.zero_grad)
        expect(all(param.grad is None for param in params), "None", str([p.grad for p in params]))

    def test_rejects_what_is_no_collection_of_parameters(self):
        """An empty list is a ValueError; a single Tensor, and anything that is not a Tensor, a TypeError."""
        with raises(ValueError, naming="params"):
            ask(SGD, [], lr=0.1)
        with raises(TypeError, naming="params"):
            ask(SGD, parameter([1.0, 2.0]), lr=0.1)
        with raises(TypeError, naming="params"):
            ask(SGD, [{"params": parameter([1.0, 2.0])}], lr=0.1)
        with raises(TypeError, naming="params"):
            ask(SGD, [parameter([1.0]), np.ones(2)], lr=0.1)
        with raises(TypeError, naming="params"):
            ask(SGD, [{"params": [parameter([1.0])]}, parameter([2.0])], lr=0.1)

    def test_rejects_results_of_operations(self):
        """A param that is not a leaf is a ValueError: moving it would not move what made it."""
        with raises(ValueError, naming="params"):
            ask(SGD, [parameter([1.0]), parameter([1.0]) * 2], lr=0.1)

    def test_rejects_a_parameter_that_comes_twice(self):
        """The same Tensor twice, in one group or two, is a ValueError; equal values are fine."""
        twice, equal = parameter([1.0]), parameter([1.0])
        with raises(ValueError, naming="params"):
            ask(SGD, [twice, equal, twice], lr=0.1)
        with raises(ValueError, naming="params"):
            ask(SGD, [{"params": [twice]}, {"params": [equal, twice]}], lr=0.1)
        SGD([twice, equal], lr=0.1)

    @pytest.mark.parametrize(
        ("kind", "options", "name"),
        [
            (SGD, {"lr": -0.1}, "lr"),
            (SGD, {"lr": float("nan")}, "lr"),
            (SGD, {"lr": 0.1, "momentum": -0.5}, "momentum"),
            (SGD, {"lr": 0.1, "weight_decay": -0.5}, "weight_decay"),
            (SGD, {"lr": 0.1, "nesterov": True}, "nesterov"),
            (SGD, {"lr": 0.1, "nesterov": True, "momentum": 0.9, "dampening": 0.1}, "nesterov"),
            (Adam, {"lr": -0.1}, "lr"),
            (Adam, {"betas": (1.0, 0.999)}, "betas"),
            (Adam, {"betas": (0.9, -0.1)}, "betas"),
            (Adam, {"betas": (0.9,)}, "betas"),
            (Adam, {"eps": -1e-8}, "eps"),
            (AdamW, {"weight_decay": -0.01}, "weight_decay"),
        ],
    )
    def test_rejects_hyperparameters_out_of_range(self, kind, options, name):
        """A hyperparameter out of range is a ValueError that names it, in a group too."""
        with raises(ValueError, naming=name):
            ask(kind, [parameter([1.0])], **options)
        with raises(ValueError, naming=name):
            ask(kind, [{"params": [parameter([1.0])], **options}], lr=0.1)

    def test_a_rejected_group_changes_nothing(self):
        """If add_param_group fails, the optimizer stays as it was."""
        optimizer = SGD([parameter([1.0])], lr=0.1)
        for group in ({"params": [parameter([2.0]), 3]}, {"params": [parameter([2.0])], "lr": -1}):
            with raises(TypeError, ValueError):
                ask(optimizer.add_param_group, group)
        assert_equal(len(optimizer.param_groups), 1)


class TestSGD:
    """stochastic gradient descent"""

    @given(histories(), sgd_options)
    def test_matches_its_definition(self, history, options):
        """SGD with momentum, dampening and weight decay follows its formula in float64."""
        assert_close(run(SGD, *history, **options), oracle.run(oracle.sgd, *history, **options))

    @given(histories(), nesterov_options)
    def test_nesterov_looks_ahead(self, history, options):
        """With nesterov, a step follows g + momentum · b."""
        assert_close(run(SGD, *history, **options), oracle.run(oracle.sgd, *history, **options))

    @given(histories(max_steps=1), rates, st.floats(0.1, 0.9), st.floats(0.0, 0.9))
    def test_the_first_step_follows_the_gradient(self, history, lr, momentum, dampening):
        """With momentum, the first step is lr · grad, whatever the dampening."""
        start, (grad,) = history
        got = run(SGD, start, [grad], lr=lr, momentum=momentum, dampening=dampening)
        assert_close(got, start - lr * grad)

    @given(st.floats(-3, 3), st.floats(0.1, 4.0), st.floats(0.01, 0.25), st.integers(1, 20))
    def test_shrinks_a_parabola_by_a_constant_factor(self, start, curvature, lr, steps):
        """t steps down ½·a·x² take x to (1 - lr·a)ᵗ · x, with gradients from backward."""
        x = parameter(np.array([start]))
        optimizer = SGD([x], lr=lr)
        for _ in range(steps):
            optimizer.zero_grad()
            (x * x * (curvature / 2)).sum().backward()
            optimizer.step()
        assert_close(x.data, [(1 - lr * curvature) ** steps * start])


class TestAdam:
    """adam"""

    @given(histories(), adam_options)
    def test_matches_its_definition(self, history, options):
        """Adam with any betas, eps and weight decay follows its formula in float64."""
        expected = oracle.run(oracle.adam, *history, **options)
        # A gradient that weight decay all but cancels is rounded to 1e-16, and divided by eps.
        assert_close(run(Adam, *history, **options), expected, atol=1e-7)

    @given(histories())
    def test_has_the_usual_defaults(self, history):
        """Adam(params) means lr 0.001, betas (0.9, 0.999), eps 1e-8 and no weight decay."""
        assert_close(run(Adam, *history), oracle.run(oracle.adam, *history), rtol=1e-12, atol=1e-12)

    @given(histories(max_steps=1, elements=away_from_zero(0.01)), rates)
    def test_the_first_step_has_length_lr(self, history, lr):
        """The first step is lr · sign(grad), large gradient or small, because the bias is corrected."""
        start, (grad,) = history
        assert_close(
            run(Adam, start, [grad], lr=lr), start - lr * np.sign(grad), rtol=1e-5, atol=1e-5
        )

    @given(histories(elements=away_from_zero(0.1)), st.floats(1e-3, 1e3), rates)
    def test_does_not_see_the_scale_of_gradients(self, history, c, lr):
        """Multiplying every gradient by c > 0 changes no step when eps is 0."""
        start, gradients = history
        scaled = run(Adam, start, [c * grad for grad in gradients], lr=lr, eps=0)
        assert_close(scaled, run(Adam, start, gradients, lr=lr, eps=0))

    @pytest.mark.parametrize("kind", [SGD, Adam, AdamW], ids=repr)
    def test_finds_the_bottom_of_a_bowl(self, kind):
        """Each kind reaches the minimum of Σ(w - target)² within 100 steps of backward."""
        # Each number goes its own way, so one run tries as many targets as it has numbers.
        target = np.linspace(-2, 2, 81, dtype=np.float32)
        start = np.zeros_like(target)
        w, optimizer = begin(kind, start, "Σ(w - target)²", {"lr": 0.1})
        for _ in range(100):
            optimizer.zero_grad()
            error = w - target
            (error * error).sum().backward()
            optimizer.step()
        assert_close(w.data, target, atol=0.05)


class TestAdamW:
    """decoupled weight decay"""

    @given(histories(), adam_options)
    def test_matches_its_definition(self, history, options):
        """AdamW with any betas, eps and weight decay follows its formula in float64."""
        assert_close(run(AdamW, *history, **options), oracle.run(oracle.adamw, *history, **options))

    @given(histories())
    def test_has_the_usual_defaults(self, history):
        """AdamW(params) means the defaults of Adam with weight decay 0.01."""
        assert_close(
            run(AdamW, *history), oracle.run(oracle.adamw, *history), rtol=1e-12, atol=1e-12
        )

    @given(histories(max_steps=1), st.floats(1e-3, 0.5), decays, st.integers(1, 5))
    def test_decays_alone_when_gradients_are_zero(self, history, lr, decay, steps):
        """With zero gradients, every step multiplies by (1 - lr · weight_decay) and does nothing else."""
        start, _ = history
        got = run(AdamW, start, [np.zeros_like(start)] * steps, lr=lr, weight_decay=decay)
        assert_close(got, start * (1 - lr * decay) ** steps)

    @given(histories(), rates)
    def test_is_adam_without_decay(self, history, lr):
        """With weight_decay 0 it takes exactly the steps of Adam."""
        assert_close(
            run(AdamW, *history, lr=lr, weight_decay=0.0), oracle.run(oracle.adam, *history, lr=lr)
        )


class TestStep:
    """what a step touches"""

    @every_kind
    @given(history=histories(), pattern=st.lists(st.booleans(), min_size=4, max_size=4))
    def test_passes_over_missing_gradients(self, kind, oracle_step, options, history, pattern):
        """A parameter whose grad is None keeps its value and state; only its own steps count."""
        start, gradients = history
        gradients = [g if there else None for g, there in zip(gradients, pattern, strict=False)]
        assert_close(
            run(kind, start, gradients, **options),
            oracle.run(oracle_step, start, gradients, **options),
        )

    @every_kind
    @given(history=histories())
    def test_moves_parameters_in_place(self, kind, oracle_step, options, history):
        """Tensor and array stay the same objects, so whoever holds them sees the step."""
        start, gradients = history
        param, optimizer = begin(kind, start, gradients, options)
        memory = param.data
        for grad in gradients:
            param.grad = grad
            optimizer.step()
        expect(param.data is memory, "the same ndarray in param.data", "another ndarray")
        held = optimizer.param_groups[0]["params"][0]
        expect(held is param and param.requires_grad, "the Tensor that was given", held)
        assert_close(memory, oracle.run(oracle_step, start, gradients, **options))

    @every_kind
    @given(history=histories())
    def test_leaves_gradients_alone(self, kind, oracle_step, options, history):
        """A step only reads grad, and the state shares no memory with it."""
        start, gradients = history
        param, optimizer = begin(kind, start, gradients, options)
        for grad in gradients:
            grad = param.grad = np.array(grad)
            before = grad.copy()
            optimizer.step()
            expect(param.grad is grad, "the same ndarray in param.grad", param.grad)
            assert_equal(grad, before)
            kept = [v for v in optimizer.state.get(param, {}).values() if isinstance(v, np.ndarray)]
            shared = any(np.shares_memory(v, grad) or np.shares_memory(v, param.data) for v in kept)
            expect(not shared, "state with memory of its own", "state that is grad or param itself")

    @every_kind
    @given(history=histories(np.float32), grad_dtype=st.sampled_from(FLOATS))
    def test_keeps_float32(self, kind, oracle_step, options, history, grad_dtype):
        """Parameters and state stay float32, even if a gradient is float64."""
        start, gradients = history
        param, optimizer = begin(kind, start, gradients, options)
        for grad in gradients:
            param.grad = grad.astype(grad_dtype)
            optimizer.step()
        assert_dtype(param.data, np.float32)
        for value in optimizer.state.get(param, {}).values():
            if isinstance(value, np.ndarray):
                assert_dtype(value, np.float32)
        expected = oracle.run(oracle_step, start, gradients, **options)
        assert_close(param.data, expected, rtol=1e-3, atol=1e-3)

    @every_kind
    def test_moves_each_parameter_by_its_own_gradient(self, kind, oracle_step, options):
        """Parameters of one optimizer do not get mixed up, even if their values are equal."""
        starts = [np.ones(2), np.ones(2), np.array(3.0), np.ones((2, 0))]
        params = [parameter(start) for start in starts]
        optimizer = kind(params, **options)
        gradients = [np.array([1.0, -1.0]), np.array([4.0, 2.0]), np.array(-2.0), np.ones((2, 0))]
        for _ in range(3):
            for param, grad in zip(params, gradients, strict=True):
                param.grad = grad
            optimizer.step()
        for param, start, grad in zip(params, starts, gradients, strict=True):
            assert_close(param.data, oracle.run(oracle_step, start, [grad] * 3, **options))


class TestMemory:
    """memory cost"""

    @pytest.mark.parametrize(
        ("kind", "options", "cost"),
        [
            (SGD, {"lr": 0.1}, 0),
            (SGD, {"lr": 0.1, "momentum": 0.9}, 1),
            (Adam, {}, 2),
            (AdamW, {}, 2),
        ],
        ids=["plain", "momentum", "adam", "adamw"],
    )
    @given(sizes=st.lists(st.integers(0, 5), min_size=1, max_size=3), dtype=st.sampled_from(FLOATS))
    def test_costs_a_multiple_of_the_parameters(self, kind, options, cost, sizes, dtype):
        """state_bytes() is 0 for SGD, 1× the parameters with momentum, 2× for Adam, however many steps."""
        params = [parameter(np.ones((2, size), dtype)) for size in sizes]
        params.append(parameter(np.array(1, dtype)))
        optimizer = kind(params, **options)
        assert_equal(ask(optimizer.state_bytes), 0)
        for _ in range(3):
            take_step(optimizer, params, [np.ones(param.shape, dtype) for param in params])
            assert_equal(
                ask(optimizer.state_bytes), cost * sum(param.data.nbytes for param in params)
            )

    def test_remembers_only_what_moved(self):
        """A parameter that never had a gradient takes no memory."""
        params = [parameter(np.ones(2)), parameter(np.ones(5))]
        optimizer = Adam(params)
        take_step(optimizer, params, [np.ones(2), None])
        assert_equal(ask(optimizer.state_bytes), 2 * params[0].data.nbytes)

    @every_kind
    def test_a_step_needs_little_room(self, kind, oracle_step, options):
        """A step holds at most eight temporary arrays of a parameter's size, however many parameters."""
        params = [parameter(np.ones(20_000, np.float32)) for _ in range(10)]
        for param in params:
            param.grad = np.ones(20_000, np.float32)
        optimizer = kind(params, **options)
        optimizer.step()
        _, peak = peak_bytes(optimizer.step)
        held = peak / params[0].data.nbytes
        expect(held < 8.5, "at most 8 arrays, and small objects", f"{held:.1f} arrays")


class TestSaving:
    """save and load the state"""

    @every_kind
    @given(history=histories(np.float32), cut=st.integers(0, 4))
    def test_goes_on_as_if_never_stopped(self, kind, oracle_step, options, history, cut):
        """Saved, loaded into a new optimizer and continued, the steps are the same to the last bit."""
        start, gradients = history
        whole = run(kind, start, gradients, **options)
        first = parameter(start)
        optimizer = kind([first], **options)
        for grad in gradients[:cut]:
            first.grad = grad
            optimizer.step()
        second = parameter(first.data)
        resumed = kind([second], **{**options, "lr": 9.0})
        ask(resumed.load_state_dict, optimizer.state_dict())
        for grad in gradients[cut:]:
            second.grad = grad
            resumed.step()
        assert_equal(second.data, whole)

    @every_kind
    def test_what_was_saved_stays_as_it_was(self, kind, oracle_step, options):
        """Later steps do not change a state_dict, neither of the saver nor of one that loaded it."""
        params, grads = [parameter([1.0, 2.0]), parameter([3.0])], [[1.0, -1.0], [2.0]]
        optimizer, other = kind(params, **options), kind(params, **options)
        again = lambda which: take_step(which, params, grads)
        again(optimizer)
        saved = ask(optimizer.state_dict)
        before = deepcopy(saved)
        again(optimizer)
        optimizer.lr = 0.5
        assert_same_state(saved, before)
        ask(other.load_state_dict, saved)
        again(other)
        other.lr = 0.5
        assert_same_state(saved, before)

    def test_names_parameters_by_number(self):
        """The dictionaries hold no Tensor: params are 0, 1, … across groups, under PyTorch's names."""
        params = [parameter([1.0]), parameter([2.0]), parameter([3.0]), parameter([4.0])]
        groups = [{"params": params[:1]}, {"params": params[1:3]}, {"params": params[3:]}]
        optimizer = SGD(groups, lr=0.1, momentum=0.5)
        take_step(optimizer, params, [[5.0], None, [7.0], [8.0]])
        saved = ask(optimizer.state_dict)
        assert_equal([group["params"] for group in saved["param_groups"]], [[0], [1, 2], [3]])
        assert_equal([group["momentum"] for group in saved["param_groups"]], [0.5, 0.5, 0.5])
        assert_equal(sorted(saved["state"]), [0, 2, 3])
        assert_close(saved["state"][2]["momentum_buffer"], [7.0])

    def test_mentions_only_what_is_remembered(self):
        """Plain SGD remembers nothing, so its state stays empty after steps."""
        params = [parameter([1.0]), parameter([2.0])]
        optimizer = SGD(params, lr=0.1)
        take_step(optimizer, params, [[5.0], [6.0]])
        assert_equal(ask(optimizer.state_dict)["state"], {})

    @given(st.lists(st.booleans(), min_size=1, max_size=5))
    def test_adam_counts_the_steps_of_each_parameter(self, pattern):
        """Adam saves exp_avg, exp_avg_sq, and in step how many times this parameter had a gradient."""
        params = [parameter([1.0]), parameter([1.0])]
        optimizer = Adam(params, betas=(0.5, 0.5))
        for there in pattern:
            take_step(optimizer, params, [[2.0], [2.0] if there else None])
        state = ask(optimizer.state_dict)["state"]
        counts = [state.get(place, {"step": 0})["step"] for place in (0, 1)]
        assert_equal(counts, [len(pattern), sum(pattern)])
        assert_close(state[0]["exp_avg"], [2.0 * (1 - 0.5 ** len(pattern))])
        assert_close(state[0]["exp_avg_sq"], [4.0 * (1 - 0.5 ** len(pattern))])

    def test_loads_into_the_parameters_it_has(self):
        """Loading replaces lr and state, in the dtype of each parameter, and keeps the Tensors."""
        saver = SGD([parameter(np.array([1.0]))], lr=0.5, momentum=0.75)
        take_step(saver, saver.parameters(), [[4.0]])
        param = parameter(np.array([2.0], np.float32))
        loader = SGD([param], lr=0.1)
        ask(loader.load_state_dict, saver.state_dict())
        expect(
            loader.param_groups[0]["params"][0] is param, "the optimizer's own Tensor", "another"
        )
        assert_equal(loader.lr, 0.5)
        assert_dtype(loader.state[param]["momentum_buffer"], np.float32)
        take_step(loader, [param], [[1.0]])
        assert_close(param.data, [2.0 - 0.5 * (0.75 * 4.0 + 1.0)])

    def test_loading_replaces_the_whole_state(self):
        """A parameter that the saved state does not mention starts fresh."""
        params = [parameter([1.0])]
        optimizer = SGD(params, lr=0.1, momentum=0.5)
        fresh = optimizer.state_dict()
        take_step(optimizer, params, [[1.0]])
        ask(optimizer.load_state_dict, fresh)
        assert_equal(optimizer.state_bytes(), 0)

    @pytest.mark.parametrize(
        ("spoil", "word"),
        [
            (lambda saved: saved["param_groups"].append(saved["param_groups"][0]), ""),
            (lambda saved: saved["param_groups"][0]["params"].append(2), ""),
            (lambda saved: saved["state"].update({2: saved["state"][0]}), "2"),
            (lambda saved: saved["state"][1].update(exp_avg=np.zeros(3)), "(3,) (1,)"),
        ],
        ids=["groups", "params", "number", "shape"],
    )
    def test_rejects_what_does_not_fit(self, spoil, word):
        """State of other params or shapes is a ValueError that changes nothing."""
        params = [parameter([1.0, 2.0]), parameter([3.0])]
        optimizer = Adam(params)
        take_step(optimizer, params, [[1.0, -1.0], [2.0]])
        before = optimizer.state_dict()
        spoiled = deepcopy(before)
        spoiled["param_groups"][0]["lr"] = 0.5
        spoiled["state"][0]["exp_avg"] += 1
        spoil(spoiled)
        with raises(ValueError, naming=word):
            ask(optimizer.load_state_dict, spoiled)
        assert_same_state(optimizer.state_dict(), before)

    @pytest.mark.parametrize("kind", [SGD, Adam, AdamW], ids=repr)
    def test_needs_every_hyperparameter(self, kind):
        """Saved groups that lack any hyperparameter are a ValueError that names it."""
        optimizer = kind([parameter([1.0])], lr=0.1)
        for name in optimizer.defaults:
            saved = optimizer.state_dict()
            del saved["param_groups"][0][name]
            with raises(ValueError, naming=f"{name}"):
                ask(optimizer.load_state_dict, saved)


def assert_same_state(got, expected):
    """Two state_dicts with the same numbers and arrays."""
    assert_equal(got["param_groups"], expected["param_groups"])
    assert_equal(sorted(got["state"]), sorted(expected["state"]))
    for place, remembered in expected["state"].items():
        assert_equal(sorted(got["state"][place]), sorted(remembered))
        for name, value in remembered.items():
            assert_equal(got["state"][place][name], value)


class OptimizerMachine(RuleBasedStateMachine):
    """Anything that can happen to an optimizer, in any order, beside the oracle."""

    @initialize(
        which=st.sampled_from(KINDS), sizes=st.lists(st.integers(0, 3), min_size=1, max_size=3)
    )
    def build(self, which, sizes):
        self.kind, self.oracle_step, self.options = which
        self.params = [parameter(np.linspace(-1.0, 2.0, size)) for size in sizes]
        self.optimizer = self.kind(self.params, **self.options)
        self.expected = [param.data.copy() for param in self.params]
        self.gradients = [None] * len(sizes)
        self.seen = [()] * len(sizes)
        self.lr = self.options["lr"]
        self.saved = None

    @rule(seed=st.integers(0, 99), missing=st.sets(st.integers(0, 2)))
    def backward(self, seed, missing):
        draw = np.random.default_rng(seed)
        for place, param in enumerate(self.params):
            if place not in missing:
                grad = draw.standard_normal(param.shape)
                param.grad = grad.copy() if param.grad is None else param.grad + grad
                held = self.gradients[place]
                self.gradients[place] = grad if held is None else held + grad

    @rule()
    def step(self):
        self.optimizer.step()
        options = {**self.options, "lr": self.lr}
        for place, grad in enumerate(self.gradients):
            if grad is not None:
                self.expected[place], self.seen[place] = self.oracle_step(
                    self.expected[place], grad, self.seen[place], **options
                )

    @rule()
    def zero_grad(self):
        self.optimizer.zero_grad()
        self.gradients = [None] * len(self.params)

    @rule(lr=rates)
    def change_lr(self, lr):
        self.optimizer.param_groups[0]["lr"] = self.lr = lr

    @rule()
    def save(self):
        self.saved = self.optimizer.state_dict(), list(self.seen), self.lr

    @precondition(lambda self: self.saved is not None)
    @rule(anew=st.booleans())
    def load(self, anew):
        if anew:
            self.optimizer = self.kind(self.params, **self.options)
        saved, seen, self.lr = self.saved
        self.seen = list(seen)
        self.optimizer.load_state_dict(saved)

    @invariant()
    def agrees_with_the_oracle(self):
        for param, expected, grad in zip(self.params, self.expected, self.gradients, strict=True):
            assert_close(param.data, expected)
            expect((param.grad is None) == (grad is None), f"grad {show(grad)}", show(param.grad))
        assert_equal(self.optimizer.lr, self.lr)


class TestAnyOrder:
    """steps in any order"""

    def test_agrees_with_the_oracle_at_every_step(self):
        """Backward, step, zero_grad, a new lr, saving and loading, in any order, match the definition."""
        run_state_machine_as_test(OptimizerMachine, settings=settings(stateful_step_count=12))
