"""What a failed spec is told as: a program that can be pasted, or nothing where none is short."""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from textwrap import dedent

import numpy as np
import pytest

from specs.programs import program_of

pytestmark = pytest.mark.usefixtures("reference")

HEAD = '''
"""Specs of 03 layers."""

from functools import partial

import numpy as np

from specs.clocks import Clock
from specs.framework import lazy
from specs.gradients import check_gradient
from specs.laws import (
    ask, assert_close, assert_equal, assert_no_alias, call, expect, raises, remember
)
from specs.oracles import layers as oracle
from specs.seeded import normal

Tensor, sub = lazy("tensor", "Tensor", "sub")
relu, tanh = lazy("activations", "relu", "tanh")
Linear, Dropout, Module = lazy("layers", "Linear", "Dropout", "Module")
SGD = lazy("optimizers", "SGD")
WIDTH = 2
single = partial(normal, dtype=np.float32)


def layer_of(seed, **options):
    generator = np.random.default_rng(seed)
    return Linear(WIDTH, 1, generator=generator, **options)


def step(params, gradients):
    optimizer = SGD(params, lr=0.5)
    remember("a step", optimizer.step)
    for param, grad in zip(params, gradients, strict=True):
        param.grad = None if grad is None else np.array(grad)
    optimizer.step()
    return params[0].data


def check(make, seed):
    expect(make(seed).weight is None, "nothing", "something")


def tower():
    """A module with one part."""

    class Tower(Module):
        def __init__(self):
            self.inner = Linear(WIDTH, 1, bias=False)

        def forward(self, x):
            return self.inner(x)

    return Tower()


def assert_same(got, expected):
    assert_equal(got.dtype, expected.dtype)
    assert_equal(got, expected)


def branches(x):
    if len(x) > 1:
        return x
    return [*x, 0]


def test_it({parameters}):
'''


@pytest.fixture
def told(tmp_path):
    """Runs the body of a spec that fails, and gives the program that is told of it."""

    def run(body, **values):
        file = tmp_path / "test_03_layers.py"
        source = HEAD.replace("{parameters}", ", ".join(values))
        text = source + "".join(f"    {line}\n" for line in dedent(body).strip().splitlines())
        file.write_text(text, encoding="utf-8")
        # Each has a name of its own: what is read of a file is kept.
        file = file.rename(tmp_path / f"test_03_layers{abs(hash(body))}.py")
        spec = spec_from_file_location("specs.test_03_layers", file)
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        try:
            module.test_it(**values)
        except Exception as error:
            return program_of(error)
        raise AssertionError("the spec holds")

    return run


WRONG = "np.zeros((1, 9), np.float32)"


@pytest.mark.parametrize(
    ("body", "values", "program"),
    [
        (  # an object is what it is made by
            f"layer = Dropout(0.5)\nassert_equal(call(layer, x), {WRONG})",
            {"x": np.ones(1, np.float32)},
            "layer = Dropout(0.5)\nlayer(Tensor([1.]))",
        ),
        (  # a helper is what it does, options and all
            "expect(layer_of(seed, bias=False).bias is not None, 'a bias', 'none')",
            {"seed": 3},
            "generator = np.random.default_rng(3)\n"
            "Linear(2, 1, generator=generator, bias=False).bias is not None",
        ),
        (  # a loop over few things is what it does with each
            "param = Tensor(np.array(start), requires_grad=True)\n"
            "assert_close(step([param], [grad]), 9.0)",
            {"start": np.array([1.0]), "grad": np.array([2.0])},
            "param = Tensor(np.array([1.]), requires_grad=True)\n"
            "optimizer = SGD([param], lr=0.5)\n"
            "param.grad = np.array([2.])\n"
            "optimizer.step()\n"
            "[param][0].data",
        ),
        (  # the turn of a loop that failed
            "first, second = layer_of(0), layer_of(1)\n"
            "for layer in (first, second):\n"
            "    expect(layer is first, 'one', 'another')",
            {},
            "generator = np.random.default_rng(0)\n"
            "generator_2 = np.random.default_rng(1)\n"
            "first = Linear(2, 1, generator=generator)\n"
            "second = Linear(2, 1, generator=generator_2)\n"
            "layer = second\n"
            "layer is first",
        ),
        (  # what should have been refused
            "with raises(ValueError):\n    Linear(2, size)",
            {"size": 3},
            "Linear(2, 3)",
        ),
        (  # what an error came from
            "layer = Linear(2, 1)\nlayer(Tensor(x))",
            {"x": np.ones(3)},
            "layer = Linear(2, 1)\nlayer(Tensor(np.array([1., 1., 1.])))",
        ),
        (  # numbers that a seed makes
            "layer = Linear(9, 1)\nx = normal(seed, 3, 9)\nassert_close(call(layer, x), 9.0)",
            {"seed": 5},
            "layer = Linear(9, 1)\n"
            "x = np.random.default_rng(5).standard_normal((3, 9)).astype(np.float64)\n"
            "layer(Tensor(x))",
        ),
        (  # a helper with some of its arguments given
            "layer = Linear(9, 1)\nx = single(5, 3, 9)\nassert_close(call(layer, x), 9.0)",
            {},
            "layer = Linear(9, 1)\n"
            "x = np.random.default_rng(5).standard_normal((3, 9)).astype(np.float32)\n"
            "layer(Tensor(x))",
        ),
        (  # a name that is not there by itself
            "expect(ask(sub, 3, n) == 9, 'nine', 'something else')",
            {"n": 1},
            "from tinytorch.tensor import sub\nsub(3, 1) == 9",
        ),
        (  # what changed something comes too, what did not does not
            "layer = Linear(1, 1)\nother = Linear(7, 7)\nlayer.bias.data[...] = 4\n"
            "assert_close(layer.bias.data, 9.0)",
            {},
            "layer = Linear(1, 1)\nlayer.bias.data[...] = 4\nlayer.bias.data",
        ),
        (  # the row of a loop that failed, and a call that stands in a law
            "layer = Dropout(0.5)\n"
            "for mode, switch in ((False, layer.eval), (True, layer.train)):\n"
            "    expect(switch() is layer, 'the layer', 'another')\n"
            "    expect(layer.training is mode is True, 'yes', str([layer.training]))",
            {},
            "layer = Dropout(0.5)\nswitch = layer.eval\nswitch()\n[layer.training]",
        ),
        (  # an entry of what a loop goes over
            "state = layer_of(0).state_dict()\n"
            "for name, value in state.items():\n"
            "    expect(value is None, name, value)",
            {},
            "generator = np.random.default_rng(0)\n"
            "state = Linear(2, 1, generator=generator).state_dict()\n"
            "state['weight']",
        ),
        (  # what a helper of the spec finds wrong
            "check(layer_of, 2)",
            {},
            "generator = np.random.default_rng(2)\n"
            "Linear(2, 1, generator=generator).weight is None",
        ),
        (  # whether memory is shared is a question
            "layer = Linear(2, 1)\nassert_no_alias(layer.weight.data, layer.weight.data)",
            {},
            "layer = Linear(2, 1)\nnot np.shares_memory(layer.weight.data, layer.weight.data)",
        ),
        (  # of one array, not of two with the same values
            "for given_data in (x, Tensor(x)):\n"
            "    got = ask(Tensor, given_data).data\n"
            "    assert_no_alias(got, x)",
            {"x": np.ones(2)},
            "x = np.array([1., 1.])\n"
            "given_data = x\n"
            "got = Tensor(given_data).data\n"
            "not np.shares_memory(got, x)",
        ),
        (  # a Tensor of that array too, and whatever law asks
            "t = Tensor(x)\n"
            "same = (t + 0).data\n"
            "expect(np.shares_memory(same, x), 'the memory', 'a copy')",
            {"x": np.ones(2, np.float32)},
            "x = np.array([1., 1.], np.float32)\n"
            "t = Tensor(x)\n"
            "same = (t + 0).data\n"
            "np.shares_memory(same, x)",
        ),
        (
            "got = Tensor(x)\nassert_no_alias(got.data, x[:1])",
            {"x": np.ones(2)},
            "x = np.array([1., 1.])\ngot = Tensor(x)\nnot np.shares_memory(got.data, x[:1])",
        ),
        (  # nothing in the program is the array that it asks about
            "got = Tensor(np.ones(2))\nexpect(np.shares_memory(got.data, x), 'a', 'b')",
            {"x": np.ones(2)},
            "",
        ),
        (  # what a helper was given, and looks at more than once
            "assert_same(call(relu, x), np.zeros(2))",
            {"x": np.ones(2)},
            "relu(Tensor(np.array([1., 1.])))",
        ),
        (  # what a helper does with a lambda
            "check(lambda seed, n=3: Linear(seed, n), 2)",
            {},
            "Linear(2, 3).weight is None",
        ),
        (  # earlier turns of a loop, which changed something, come before
            "layer = Linear(1, 1)\n"
            "for number in range(3):\n"
            "    expect(number < 2 or layer.bias is None, 'none', 'one')\n"
            "    layer.bias.data[...] = number",
            {},
            "layer = Linear(1, 1)\n"
            "for number in range(2):\n"
            "    layer.bias.data[...] = number\n"
            "2 < 2 or layer.bias is None",
        ),
        (  # with the one that failed, if it is looked at last; what is expected is left out
            "layer = Linear(1, 1)\n"
            "expected = 0\n"
            "for turn, grad in enumerate(grads, start=1):\n"
            "    layer.bias.data[...] += grad\n"
            "    expected += len(oracle.__name__)\n"
            "    expect(turn < 2, 'the sum', layer.bias.data)",
            {"grads": [1.0, 2.0, 3.0]},
            "layer = Linear(1, 1)\n"
            "for turn, grad in enumerate([1.0, 2.0], start=1):\n"
            "    layer.bias.data[...] += grad\n"
            "layer.bias.data",
        ),
        (  # a number that the loop itself makes is none that it had in the end
            "layer = Linear(1, 1)\n"
            "for number in range(5):\n"
            "    half = number * 2\n"
            "    layer.bias.data[...] = half\n"
            "    expect(number < 4, 'less', layer.bias.data)",
            {},
            "layer = Linear(1, 1)\n"
            "for number in range(5):\n"
            "    half = number * 2\n"
            "    layer.bias.data[...] = half\n"
            "layer.bias.data",
        ),
        (  # a part that a loop counts
            "parts = [layer_of(0), layer_of(1)]\n"
            "for place, part in enumerate(parts):\n"
            "    expect(place < 1, 'none', part.bias)",
            {},
            "generator = np.random.default_rng(0)\n"
            "generator_2 = np.random.default_rng(1)\n"
            "parts = [Linear(2, 1, generator=generator), Linear(2, 1, generator=generator_2)]\n"
            "part = parts[1]\n"
            "part.bias",
        ),
        (  # nobody knows how often
            "layer = Linear(1, 1)\n"
            "while layer.bias is not None:\n"
            "    layer.bias.data += 1\n"
            "    expect(layer.bias is None, 'none', layer.bias)",
            {},
            "",
        ),
        (  # a call in a law that may leave something behind
            "layer = Linear(2, 1)\n"
            "expect(sub(layer.weight, layer.weight) is not relu, 'a', 'b')\n"
            "expect(layer.weight.grad is relu, 'a gradient', layer.weight.grad)",
            {},
            "from tinytorch.tensor import sub\n"
            "layer = Linear(2, 1)\n"
            "sub(layer.weight, layer.weight)\n"
            "layer.weight.grad",
        ),
        (  # a class that a helper defines
            "expect(tower().inner is None, 'none', 'one')",
            {},
            "class Tower(Module):\n"
            "    def __init__(self):\n"
            "        self.inner = Linear(2, 1, bias=False)\n"
            "    def forward(self, x):\n"
            "        return self.inner(x)\n"
            "Tower().inner is None",
        ),
        (  # a clock of the specs is one that a learner has too
            "clock = Clock()\nlayer = Linear(1, 1)\nlayer.clock = clock\nclock.time = 3\n"
            "expect(layer.clock.time < 3, 'less', layer.clock.time)",
            {},
            "from specs.clocks import Clock\n"
            "clock = Clock()\n"
            "layer = Linear(1, 1)\n"
            "layer.clock = clock\n"
            "clock.time = 3\n"
            "layer.clock.time",
        ),
        (  # what was refused in earlier turns has changed nothing
            "layer = Linear(2, 1)\n"
            "for x in (np.ones(3), np.ones(2)):\n"
            "    with raises(ValueError):\n"
            "        layer(Tensor(x))",
            {},
            "layer = Linear(2, 1)\nlayer(Tensor(np.array([1., 1.])))",
        ),
        (  # what an oracle says is beside the point, and so is what an option does not do
            "layer = Linear(2, 1, bias=False)\n"
            "expected = oracle.linear(np.ones(2), layer.weight.data, None)\n"
            "x = Tensor(np.ones(2)) if plain else None\n"
            "assert_close(layer(x), expected + 9)",
            {"plain": True},
            "layer = Linear(2, 1, bias=False)\nx = Tensor(np.ones(2))\nlayer(x)",
        ),
        # What is said of the call is enough.
        (
            "assert_close(call(relu, x), 9.0)",
            {"x": np.ones(1)},
            "relu(Tensor(np.array([1.])))",
        ),
        # There is no short program.
        ("expect(branches([1]) == relu, 'a', 'b')", {}, ""),
        ("expect(thing is relu, 'a', 'b')", {"thing": object()}, ""),
        ("expect(relu is text, 'a', 'b')", {"text": "x" * 300}, ""),
    ],
)
def test_a_spec_is_told_as_what_it_did(told, body, values, program):
    assert told(body, **values) == program


def test_a_gradient_is_told_with_what_came_from_above(told):
    lines = told("check_gradient(lambda a, op=tanh: op(a.detach() + a * 0), x)", x=np.ones(1))
    made, backward, last = lines.splitlines()
    assert made == "a = Tensor(np.array([1.]), requires_grad=True)"
    assert backward.startswith("tanh(a.detach() + a * 0).backward(np.array([")
    assert last == "a.grad"


def test_a_large_gradient_is_told_with_what_it_was_drawn_from(told):
    body = "x = normal(3, 5, 9)\ncheck_gradient(lambda a: tanh(a.detach() + a * 0), x, seed=2)"
    assert told(body).splitlines() == [
        "x = np.random.default_rng(3).standard_normal((5, 9)).astype(np.float64)",
        "draw = np.random.default_rng(2)",
        "a = Tensor(x, requires_grad=True)",
        "tanh(a.detach() + a * 0).backward("
        "draw.choice((-1.0, 1.0), (5, 9)) * draw.uniform(0.5, 1.5, (5, 9)))",
        "a.grad",
    ]


def test_an_input_that_was_changed_is_shown(told, monkeypatch):
    """As it was before, in front of the call, and not what the call gave."""
    from tinytorch import activations

    def relu(x):
        x[...] = 9
        return x

    monkeypatch.setattr(activations, "relu", relu)
    program = "x = np.array([1., 1.])\nrelu(x)\nx"
    assert told("ask(relu, x)", x=np.ones(2)) == program
    assert told("y = normal(2, 30)\nask(relu, y)").splitlines()[-2:] == ["relu(y)", "y"]


def test_whatever_is_wrong_with_a_value_there_is_no_other_error(told):
    class Odd:
        """Says nothing of itself."""

        def __getattr__(self, name):
            raise RuntimeError(name)

    assert told("expect(thing.size is relu, 'a', 'b')", thing=Odd()) == ""
