"""Beside PyTorch itself, which `tox -e interop` installs: expected values, functions, programs, weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, load_model, save_file

from tests.interop import exchange, expressions, habits
from tests.interop.test_given import CASES, frameworks
from tests.interop.test_programs import check_autoencoder, check_characters, check_digits
from tests.reference.test_precision import HALF, h
from tests.reference.test_refusals import REFUSED, TAKEN

__all__ = ["frameworks"]  # a fixture


@pytest.mark.parametrize("name", dict(habits.habits()))
def test_a_habit_is_one(name, tmp_path):
    """The value that is kept is what PyTorch gives."""
    expected, code = habits.expected()[name], dict(habits.habits())[name]
    if "raises" in str(expected):
        with pytest.raises(Exception, match="CUDA"):
            habits.evaluate(code, "torch", tmp_path / "file.pt")
    else:
        got = habits.evaluate(code, "torch", tmp_path / "file.pt")
        assert habits.same(got, expected), (got, expected)


@pytest.mark.parametrize(
    ("group", "code"),
    [*CASES, *(("corners", code) for code in expressions.CORNERS)],
    ids=lambda value: value,
)
def test_a_function_is_that_of_pytorch(group, code, frameworks):
    x = expressions.inputs()[group]
    value, gradient = expressions.value_and_gradient(code, *frameworks, x)
    wanted, wanted_gradient = expressions.value_and_gradient(code, torch, torch.nn.functional, x)
    assert (value.shape, value.dtype) == (wanted.shape, wanted.dtype)
    np.testing.assert_allclose(value, wanted, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(gradient, wanted_gradient, rtol=1e-5, atol=1e-6)


def test_the_programs_are_programs(tmp_path):
    check_digits("torch")
    check_characters("torch")
    check_autoencoder("torch", tmp_path / "autoencoder.pt")


class TestWeights:
    """What is written here, PyTorch reads; `test_weights.py` has the other way round."""

    def assert_same_results(self, own, other, tensor):
        with torch.no_grad():
            wanted = dict(exchange.results(other, torch.tensor))
        for name, output in exchange.results(own, tensor):
            np.testing.assert_allclose(output.numpy(), wanted[name], rtol=1e-5, atol=1e-6)

    def test_pytorch_reads_a_state_of_every_layer(self, frameworks, tmp_path):
        tinytorch, _ = frameworks
        own = exchange.filled(exchange.layers(tinytorch.nn), tinytorch.tensor)
        tinytorch.save(own.state_dict(), tmp_path / "layers.safetensors")
        state = load_file(tmp_path / "layers.safetensors")
        other = exchange.layers(torch.nn)
        assert {name: (tuple(t.shape), t.dtype) for name, t in state.items()} == {
            name: (tuple(t.shape), t.dtype) for name, t in other.state_dict().items()
        }
        assert not any(other.load_state_dict(state, strict=True))
        self.assert_same_results(own, other, tinytorch.tensor)

    def test_states_are_handed_over_without_a_file(self, frameworks):
        tinytorch, _ = frameworks
        other = exchange.filled(exchange.layers(torch.nn), torch.tensor)
        own = exchange.layers(tinytorch.nn)
        own.load_state_dict(other.state_dict())
        self.assert_same_results(own, other, tinytorch.tensor)

    def test_pytorch_reads_a_model_with_shared_parts(self, frameworks, tmp_path):
        tinytorch, _ = frameworks
        own = exchange.shared(tinytorch.nn)
        tinytorch.save_model(own, tmp_path / "shared.safetensors")
        other = exchange.shared(torch.nn)
        assert not any(load_model(other, tmp_path / "shared.safetensors"))
        assert set(other.state_dict()) == set(own.state_dict())
        for name, tensor in other.state_dict().items():
            np.testing.assert_array_equal(tensor.numpy(), own.state_dict()[name])

    def test_keys_that_do_not_fit_are_named_alike(self, frameworks):
        tinytorch, _ = frameworks
        state = {"0.bias": np.zeros(4, np.float32), "extra": np.ones(1)}
        found = exchange.network(tinytorch.nn).load_state_dict(state, strict=False)
        state = {name: torch.tensor(array) for name, array in state.items()}
        wanted = exchange.network(torch.nn).load_state_dict(state, strict=False)
        assert tuple(found) == tuple(wanted)

    @pytest.mark.parametrize("name", exchange.OPTIMIZERS)
    def test_pytorch_goes_on_where_we_stopped(self, frameworks, tmp_path, name):
        tinytorch, _ = frameworks
        own = exchange.filled(exchange.network(tinytorch.nn), tinytorch.tensor)
        optimizer = exchange.OPTIMIZERS[name](tinytorch.optim, own.parameters())
        exchange.train(own, optimizer, tinytorch.tensor, range(3))
        tinytorch.save_checkpoint(tmp_path / "run.safetensors", own, optimizer, step=3)
        other = exchange.network(torch.nn)
        others = exchange.OPTIMIZERS[name](torch.optim, other.parameters())
        read = exchange.page_functions()["read_checkpoint"]
        assert read(tmp_path / "run.safetensors", other, others) == 3
        exchange.train(own, optimizer, tinytorch.tensor, range(3, 7))
        exchange.train(other, others, torch.tensor, range(3, 7))
        for key, tensor in other.state_dict().items():
            np.testing.assert_allclose(own.state_dict()[key], tensor, rtol=1e-5, atol=1e-6)

    @pytest.mark.parametrize("name", exchange.OPTIMIZERS)
    def test_we_go_on_where_pytorch_stopped_without_a_file(self, frameworks, name):
        tinytorch, _ = frameworks
        other = exchange.filled(exchange.network(torch.nn), torch.tensor)
        others = exchange.OPTIMIZERS[name](torch.optim, other.parameters())
        exchange.train(other, others, torch.tensor, range(3))
        own = exchange.network(tinytorch.nn)
        optimizer = exchange.OPTIMIZERS[name](tinytorch.optim, own.parameters())
        own.load_state_dict(other.state_dict())
        optimizer.load_state_dict(others.state_dict())
        exchange.train(own, optimizer, tinytorch.tensor, range(3, 7))
        exchange.train(other, others, torch.tensor, range(3, 7))
        for key, tensor in other.state_dict().items():
            np.testing.assert_allclose(own.state_dict()[key], tensor, rtol=1e-5, atol=1e-6)

    @pytest.mark.parametrize("name", exchange.RATES)
    def test_pytorch_takes_our_schedules(self, frameworks, name):
        tinytorch, _ = frameworks
        own = tinytorch.optim.SGD([tinytorch.zeros(1)], lr=0.5)
        rates = exchange.RATES[name](tinytorch.optim.lr_scheduler, own)
        other = torch.optim.SGD([torch.zeros(1)], lr=0.5)
        others = exchange.RATES[name](torch.optim.lr_scheduler, other)
        for _ in range(3):
            rates.step()
        others.load_state_dict(rates.state_dict())
        other.param_groups[0]["lr"] = own.lr  # which is part of the optimizer's state
        for _ in range(4):
            other.step()
            rates.step()
            others.step()
            assert rates.get_last_lr() == pytest.approx(others.get_last_lr())

    def test_dtypes_come_back_from_pytorch_as_they_are(self, frameworks, tmp_path):
        tinytorch, _ = frameworks
        drawn = torch.from_numpy(np.random.default_rng(0).integers(0, 2**16, 4096, np.uint16))
        bits = drawn.view(torch.bfloat16)
        save_file({"bits": bits, "halves": bits.half()}, tmp_path / "file.safetensors")
        found = tinytorch.load(tmp_path / "file.safetensors")
        np.testing.assert_array_equal(found["bits"].numpy(), bits.float().numpy())
        np.testing.assert_array_equal(found["halves"].numpy(), bits.half().numpy())
        tinytorch.save(found, tmp_path / "again.safetensors")
        again = load_file(tmp_path / "again.safetensors")
        assert torch.equal(again["halves"].nan_to_num(7), bits.half().nan_to_num(7))

    def test_a_file_of_pickles_is_refused(self, frameworks, tmp_path):
        tinytorch, _ = frameworks
        torch.save(exchange.network(torch.nn).state_dict(), tmp_path / "model.pt")
        with pytest.raises(
            ValueError, match=r"model\.pt is not a safetensors file \(a zip archive"
        ):
            tinytorch.load(tmp_path / "model.pt")


NAMES = {"np": np, "h": h, "x": torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])}


def in_torch(code):
    """The value of an expression that is written for the framework."""
    for ours, its in (("tt.Tensor", "torch.tensor"), ("tt.mse", "F.mse"), ("tt.", "torch.")):
        code = code.replace(ours, its)
    code = code.replace("np.int64", "torch.int64").replace("np.uint8", "torch.uint8")
    code = code.replace("torch.BatchNorm2d(1)", "torch.nn.BatchNorm2d(1).half()")
    got = eval(code, {**NAMES, "torch": torch, "F": torch.nn.functional})
    return got.detach().numpy() if isinstance(got, torch.Tensor) else got


@pytest.mark.parametrize("code", [*HALF, *TAKEN])
def test_what_is_right_is_what_pytorch_gives(code):
    np.testing.assert_allclose(in_torch(code), {**HALF, **TAKEN}[code], rtol=1e-6)


@pytest.mark.parametrize("code", REFUSED)
def test_what_is_refused_pytorch_refuses(code):
    with pytest.raises((TypeError, ValueError, RuntimeError, IndexError, AttributeError)):
        in_torch(code)
