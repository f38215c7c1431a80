"""Weights, states of optimizers and schedules that PyTorch wrote load here, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import struct
from copy import deepcopy
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from pytest_tinytorch.evidence import implementation
from tests.interop import exchange
from tests.support import kit

FOLDER = exchange.FOLDER


@pytest.fixture(scope="module")
def torch():
    implementation.install_finder(implementation.Implementation(kit.REFERENCE, kit.REFERENCE))
    try:
        yield import_module("tinytorch")
    finally:
        implementation.uninstall_finder()


@pytest.fixture
def nn(torch):
    return torch.nn


@pytest.fixture
def results(torch):
    return {
        name: tensor.numpy() for name, tensor in torch.load(FOLDER / "results.safetensors").items()
    }


def copy_of(model, optimizer=None):
    """All that a load may change."""
    return model.state_dict(), deepcopy(optimizer.state_dict()) if optimizer else None


def assert_same(got, expected):
    """Two states, or parts of them, are equal to the last bit."""
    if isinstance(expected, dict):
        assert list(got) == list(expected)
        for name in expected:
            assert_same(got[name], expected[name])
    elif isinstance(expected, (list, tuple)):
        assert len(got) == len(expected)
        for one, other in zip(got, expected, strict=True):
            assert_same(one, other)
    else:
        np.testing.assert_array_equal(got, expected)


def test_the_files_are_those_that_the_script_wrote():
    digests = json.loads(exchange.DIGESTS.read_text(encoding="utf-8"))
    found = {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in FOLDER.iterdir()
        if file != exchange.DIGESTS
    }
    assert found == digests
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < 20_000


class TestLayers:
    def test_names_shapes_and_dtypes_are_those_of_pytorch(self, torch, nn):
        found = torch.load(FOLDER / "layers.safetensors")
        own = exchange.layers(nn).state_dict()
        assert {name: (array.shape, array.dtype) for name, array in own.items()} == {
            name: (tensor.shape, tensor.dtype) for name, tensor in found.items()
        }

    @pytest.mark.parametrize("way", ["load_state_dict", "load_model", "load_checkpoint"])
    def test_outputs_are_those_of_pytorch(self, torch, nn, results, way):
        model = exchange.layers(nn)
        path = FOLDER / "layers.safetensors"
        if way == "load_state_dict":
            keys = model.load_state_dict(torch.load(path))
            assert repr(keys) == "<All keys matched successfully>"
        elif way == "load_model":
            assert torch.load_model(model, path) == ([], [])
        else:
            assert torch.load_checkpoint(path, model)["step"] == 0
        outputs = dict(exchange.results(model, torch.tensor))
        assert len(outputs) == 13
        for name, output in outputs.items():
            np.testing.assert_allclose(output.numpy(), results[name], rtol=1e-5, atol=1e-6)

    def test_training_counts_on(self, torch, nn):
        model = exchange.layers(nn)
        torch.load_model(model, FOLDER / "layers.safetensors")
        before = model["norm_2d"].num_batches_tracked.item()
        model["norm_2d"].train()(torch.ones(2, 2, 2, 2))
        assert model["norm_2d"].num_batches_tracked.item() == before + 1

    def test_a_count_may_be_missing_as_in_pytorch(self, nn):
        model = nn.Sequential(nn.BatchNorm2d(2))
        state = model.state_dict()
        state.pop("0.num_batches_tracked")
        model[0].num_batches_tracked.data += 5
        assert model.load_state_dict(state) == ([], [])
        assert model[0].num_batches_tracked.item() == 5


class TestShared:
    """Modules that are used twice, and parameters that two of them have."""

    NAMES = ("0.weight", "2.weight", "3.0.weight")

    def test_has_all_names_and_one_array(self, nn):
        state = exchange.shared(nn).state_dict()
        assert set(state) == {*self.NAMES, "0.bias", "2.bias", "3.0.bias"}
        assert state["0.weight"] is state["2.weight"] is state["3.0.weight"]
        assert state["0.bias"] is state["3.0.bias"]
        assert state["0.bias"] is not state["2.bias"]

    def test_a_file_of_save_model_has_each_once(self, torch, nn, results, tmp_path):
        model = exchange.shared(nn)
        assert torch.load_model(model, FOLDER / "shared.safetensors") == ([], [])
        assert model[0].weight is model[2].weight
        output = model(torch.tensor(exchange.numbers("rows", 4, 3))).detach().numpy()
        np.testing.assert_allclose(output, results["shared"], rtol=1e-5, atol=1e-6)
        torch.save_model(model, tmp_path / "own", {"made": "here"})
        assert set(torch.load(tmp_path / "own")) == {"0.weight", "0.bias", "2.bias"}
        again = exchange.shared(nn)
        torch.load_checkpoint(tmp_path / "own", again)
        assert_same(again.state_dict(), model.state_dict())

    @pytest.mark.parametrize("name", NAMES)
    def test_any_name_will_do(self, nn, name):
        model = exchange.shared(nn)
        state = {name: np.ones((3, 3)), "3.0.bias": np.zeros(3), "2.bias": np.zeros(3)}
        assert model.load_state_dict(state) == ([], [])
        assert model[2].weight.tolist() == np.ones((3, 3)).tolist()

    def test_two_values_for_one_are_refused(self, nn):
        model = exchange.shared(nn)
        before = model.state_dict()
        state = {**before, "2.bias": np.ones(3), "3.0.weight": np.ones((3, 3))}
        with pytest.raises(ValueError, match=r"3\.0\.weight is 0\.weight here, .* leave one out"):
            model.load_state_dict(state)
        assert_same(model.state_dict(), before)

    def test_a_part_that_knows_its_whole_is_no_circle(self, nn):
        whole = nn.Sequential(nn.Linear(1, 1))
        whole[0].whole = whole
        assert set(whole.state_dict()) == {"0.weight", "0.bias"}


class TestStrict:
    def loaders(self, torch, model, state, path):
        torch.save(state, path)
        yield lambda strict: model.load_state_dict(state, strict=strict)
        yield lambda strict: torch.load_model(model, path, strict)
        yield lambda strict: torch.load_checkpoint(path, model, strict=strict)

    def test_says_what_is_missing_and_unexpected(self, torch, nn, tmp_path):
        for number in range(3):
            model = nn.Sequential(nn.Linear(1, 2), nn.BatchNorm1d(2))
            state = {"b": np.ones(1), "0.bias": np.ones(2), "a": np.ones(1), "1.weight": np.ones(2)}
            load = list(self.loaders(torch, model, state, tmp_path / "file"))[number]
            before = copy_of(model)
            with pytest.raises(
                (KeyError, ValueError), match=r"0\.weight.*1\.running_var.*'a', 'b'"
            ) as error:
                load(True)
            assert number != 1 or "use strict=False to load what is there" in str(error.value)
            assert_same(copy_of(model), before)
            keys = load(False)
            keys = (keys["missing_keys"], keys["unexpected_keys"]) if number == 2 else keys
            assert keys[0] == ["0.weight", "1.bias", "1.running_mean", "1.running_var"]
            assert sorted(keys[1]) == ["a", "b"]
            assert model[0].bias.tolist() == [1, 1]
            assert_same(model.state_dict()["0.weight"], before[0]["0.weight"])

    def test_shapes_have_to_fit_all_the_same(self, torch, nn, tmp_path):
        for number in range(3):
            model = nn.Linear(2, 2)
            state = {"bias": np.ones(2), "weight": np.ones((2, 3))}
            before = copy_of(model)
            load = list(self.loaders(torch, model, state, tmp_path / "file"))[number]
            with pytest.raises(
                ValueError, match=r"weight has shape \(2, 2\), .* \(2, 3\)"
            ) as error:
                load(False)
            assert number == 0 or str(tmp_path / "file") in str(error.value)
            assert_same(copy_of(model), before)

    def test_keys_are_pytorch_s(self, nn):
        keys = nn.Linear(1, 1).load_state_dict({"weight": np.ones((1, 1)), "c": 0}, strict=False)
        assert (keys.missing_keys, keys.unexpected_keys) == (["bias"], ["c"])
        assert nn.Linear(1, 1).load_state_dict({}, strict=False).missing_keys == ["weight", "bias"]
        with pytest.raises(TypeError, match=r"assign=True.* use assign=False"):
            nn.Linear(1, 1).load_state_dict({}, assign=True)


class TestDtypes:
    def test_what_pytorch_wrote_is_read(self, torch):
        found = torch.load(FOLDER / "dtypes.safetensors")
        values = [[0, 1, 100], [2, 3, 64]]
        for name in ["uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]:
            assert found[name].dtype.name == name
            assert found[name].tolist() == values
        assert found["bool"].tolist() == [[False, True, True], [True, True, True]]
        assert found["bfloat16"].dtype.name == "float32"
        assert found["bfloat16"].tolist() == values
        assert (found["scalar"].shape, found["scalar"].item()) == ((), 2.5)
        assert found["empty"].shape == (0, 3)
        third, large, infinite = found["fractions"].tolist()
        assert (third, infinite) == (0.333984375, np.inf)
        assert large == pytest.approx(-1e30, rel=2**-8)

    def test_each_becomes_the_dtype_of_the_model(self, nn):
        for dtype in (np.float16, np.float64):
            model = nn.Linear(2, 1)
            model.load_state_dict({"weight": np.ones((1, 2), dtype), "bias": [0.5]})
            assert {array.dtype for array in model.state_dict().values()} == {np.dtype("float32")}

    def test_all_come_back_as_they_were(self, torch, tmp_path):
        arrays = {
            name: np.arange(6).astype(name).reshape(2, 3).T
            for name in [
                "bool",
                "uint8",
                "uint16",
                "uint32",
                "uint64",
                "int8",
                "int16",
                "int32",
                "int64",
            ]
        }
        arrays |= {
            name: np.float64(1 / 3).astype(name) for name in ("float16", "float32", "float64")
        }
        arrays = {name: np.asarray(array) for name, array in arrays.items()}
        torch.save(arrays, tmp_path / "file")
        found = {name: tensor.numpy() for name, tensor in torch.load(tmp_path / "file").items()}
        assert {name: array.dtype.name for name, array in found.items()} == {n: n for n in arrays}
        assert_same({name: found[name] for name in arrays}, arrays)


class TestOptimizers:
    @pytest.mark.parametrize("name", exchange.OPTIMIZERS)
    def test_goes_on_where_pytorch_stopped(self, torch, nn, results, name):
        model = exchange.network(nn)
        optimizer = exchange.OPTIMIZERS[name](torch.optim, model.parameters())
        path = FOLDER / f"{name}.safetensors"
        assert torch.load_checkpoint(path, model, optimizer)["step"] == exchange.STEPS_BEFORE
        for setting, default in optimizer.defaults.items():
            assert optimizer.param_groups[0][setting] == default
        steps = range(exchange.STEPS_BEFORE, exchange.STEPS_BEFORE + exchange.STEPS_AFTER)
        exchange.train(model, optimizer, torch.tensor, steps)
        for key, array in model.state_dict().items():
            np.testing.assert_allclose(array, results[f"{name}.{key}"], rtol=1e-5, atol=1e-6)

    @pytest.mark.parametrize("way", ["save", "save_checkpoint"])
    @pytest.mark.parametrize("name", exchange.OPTIMIZERS)
    def test_a_run_that_was_stopped_goes_on_to_the_last_bit(self, torch, nn, tmp_path, name, way):
        def start():
            model = exchange.filled(exchange.network(nn), torch.tensor)
            optimizer = exchange.OPTIMIZERS[name](torch.optim, model.parameters())
            return model, optimizer, torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 9)

        def go(model, optimizer, rates, steps):
            for step in steps:
                exchange.train(model, optimizer, torch.tensor, range(step, step + 1))
                rates.step()

        whole, (model, optimizer, rates) = start(), start()
        go(*whole, range(6))
        go(model, optimizer, rates, range(3))
        again = start()
        go(*again, range(1))
        path = tmp_path / "run"
        if way == "save":
            parts = ("model", "optimizer", "rates")
            torch.save(
                dict(zip(parts, map(state_of, (model, optimizer, rates)), strict=True)), path
            )
            for part, saved in zip(again, torch.load(path).values(), strict=True):
                part.load_state_dict(saved)
        else:
            torch.save_checkpoint(path, model, optimizer, metadata=rates.state_dict())
            again[2].load_state_dict(torch.load_checkpoint(path, *again[:2])["metadata"])
        go(*again, range(3, 6))
        for one, other in zip(again, whole, strict=True):
            assert_same(state_of(one), state_of(other))

    @pytest.mark.parametrize(
        ("spoil", "word"),
        [
            (lambda s: s["state"][0].pop("exp_avg_sq"), "param 0.* lacks its exp_avg_sq"),
            (
                lambda s: s["state"][1].update(exp_avg=np.ones((4, 1))),
                r"exp_avg of param 1 .*\(4, 1\)",
            ),
            (
                lambda s: s["state"][1].update(exp_avg=np.ones(4, complex)),
                "exp_avg of param 1 .*complex",
            ),
            (
                lambda s: s["state"][1].update(exp_avg=["1"] * 4),
                "exp_avg of param 1 .*use an array",
            ),
            (lambda s: s["state"][0].update(step=1.5), "step of param 0 .*whole number"),
            (lambda s: s["state"][0].update(step="3"), "step of param 0 .*whole number"),
            (lambda s: s["state"][0].update(step=np.inf), "step of param 0 .*whole number"),
            (lambda s: s["state"][0].update(step=-1), "step of param 0 .*whole number"),
            (lambda s: s["state"][0].update(step=[1, 2]), "step of param 0 .*whole number"),
            (lambda s: s["state"][1].update(exp_avg=0.5), r"exp_avg of param 1 .*shape \(\)"),
            (lambda s: s["state"][1].update(exp_avg=[0] * 4), "exp_avg of param 1 .*int64"),
            (lambda s: s["param_groups"][0].update(amsgrad=True), "amsgrad=True: use Adam without"),
            (
                lambda s: s["param_groups"][0].update(maximize=True),
                "maximize=True: use the negative",
            ),
            (
                lambda s: s["param_groups"][0].update(decoupled_weight_decay=True),
                "of AdamW: use AdamW",
            ),
            (lambda s: s["param_groups"][0].update(lr="0.1"), "lr .* is a text: use a number"),
            (lambda s: s["param_groups"][0].update(lr=-1), "lr must be at least 0"),
            (lambda s: s["param_groups"][0].update(lr=None), "do not fit"),
            (lambda s: s["param_groups"][0].update(betas=(0.9, 1.0)), "betas must be"),
            (lambda s: s["param_groups"][0].update(betas=0.9), "do not fit"),
            (lambda s: s["param_groups"][0].update(betas="no"), "betas .* is a text"),
            (lambda s: s.pop("state"), "'state' and 'param_groups'"),
            (lambda s: s.update(state=[]), "dictionary of dictionaries"),
            (lambda s: s.update(param_groups={}), "param_groups"),
        ],
    )
    def test_a_state_that_does_not_fit_changes_nothing(self, torch, nn, spoil, word):
        model = exchange.network(nn)
        optimizer = torch.optim.Adam(model.parameters())
        exchange.train(model, optimizer, torch.tensor, range(2))
        before = copy_of(model, optimizer)
        spoiled = deepcopy(optimizer.state_dict())
        spoiled["param_groups"][0]["lr"] = 0.5
        spoil(spoiled)
        with pytest.raises(ValueError, match=word):
            optimizer.load_state_dict(spoiled)
        assert_same(copy_of(model, optimizer), before)

    def test_what_is_none_is_not_remembered(self, torch):
        optimizer = torch.optim.SGD([torch.ones(1)], lr=0.1)
        saved = {"state": {0: {"momentum_buffer": None}}, **groups(optimizer)}
        optimizer.load_state_dict(saved)
        assert optimizer.state_dict()["state"] == {}

    def test_a_rate_may_be_a_tensor_as_in_pytorch(self, torch):
        optimizer = torch.optim.SGD([torch.ones(1)], lr=0.1)
        saved = optimizer.state_dict()
        saved["param_groups"][0]["lr"] = torch.tensor(0.5)
        optimizer.load_state_dict(saved)
        assert (type(optimizer.lr), optimizer.lr) == (float, 0.5)

    def test_an_optimizer_of_ones_own_remembers_what_it_likes(self, torch):
        class Own(torch.optim.Optimizer):
            pass

        optimizer = Own([torch.ones(2)], {"lr": 0.1, "weight_decay": 0.0, "maximize": True})
        optimizer.param_groups[0]["name"] = "head"
        own = {"begun": True, "note": "text", "signs": np.array([1, 0]), "pair": (1, 2)}
        optimizer.load_state_dict({"state": {0: own}, **groups(optimizer)})
        assert_same(optimizer.state_dict()["state"][0], own)

    def test_adam_is_not_adamw(self, torch, nn):
        model = exchange.network(nn)
        optimizer = torch.optim.AdamW(model.parameters())
        with pytest.raises(ValueError, match=r"adam.safetensors does not fit .*Adam: use Adam"):
            torch.load_checkpoint(FOLDER / "adam.safetensors", model, optimizer)

    @pytest.mark.parametrize("name", exchange.RATES)
    def test_schedules_go_on_where_pytorch_stopped(self, torch, nn, name):
        kept = json.loads(exchange.SCHEDULES.read_text(encoding="utf-8"))[name]
        optimizer = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=0.5)
        schedule = exchange.RATES[name](torch.optim.lr_scheduler, optimizer)
        schedule.load_state_dict(kept["state"])
        assert schedule.get_last_lr() == pytest.approx(kept["state"]["_last_lr"])
        assert set(schedule.state_dict()) <= set(kept["state"])
        for rate in kept["rates"]:
            schedule.step()
            assert schedule.get_last_lr() == pytest.approx([rate])

    def test_a_schedule_takes_over_its_settings_and_no_other_schedule(self, torch, nn):
        rates = torch.optim.lr_scheduler
        optimizer = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=1.0)
        schedule = rates.StepLR(optimizer, 5)
        schedule.load_state_dict(rates.StepLR(optimizer, 1, gamma=0.5).state_dict())
        schedule.step()
        assert schedule.get_last_lr() == [0.5]
        before = schedule.state_dict()
        two = torch.optim.SGD([{"params": [torch.ones(1)]}, {"params": [torch.ones(1)]}], lr=1.0)
        for other in (
            rates.ExponentialLR(optimizer, 1.0).state_dict(),
            {**before, "eta_min": 0.1},
            {**before, "base_lrs": ["1.0"]},
            {**before, "last_epoch": None},
            {**before, "gamma": "0.5"},
            {**before, "step_size": 0},
            rates.StepLR(two, 1).state_dict(),
        ):
            with pytest.raises(ValueError, match="state_dict"):
                schedule.load_state_dict(other)
            assert schedule.state_dict() == before
            assert optimizer.lr == 0.5


def groups(optimizer):
    return {"param_groups": optimizer.state_dict()["param_groups"]}


def state_of(part):
    return part.state_dict()


def file(header, body=b"", length=None):
    """The bytes of a safetensors file with any header."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + body


def tensor(begin, end, shape=(1,), dtype="F32"):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}


GOOD = file({"w": tensor(0, 4)}, b"abcd")
BAD = {
    "empty": (b"", "empty or cut short"),
    "seven bytes": (b"\0" * 7, "empty or cut short"),
    "header beyond the file": (file({}, length=10**9), "its header would end beyond"),
    "header of 2 ** 64 - 1 bytes": (file({}, length=2**64 - 1), "its header would end beyond"),
    "cut short": (GOOD[:-1], "'w' ends beyond the file"),
    "no JSON": (file(b'{"w": '), "header is no JSON"),
    "no UTF-8": (file(b'{"\xff": 1}'), "header is no JSON"),
    "nested": (file(b'{"w":' + b"[" * 100_000), "header is no JSON"),
    "a list": (file([1]), "header is not an object"),
    "a name twice": (file(b'{"w": 1, "w": 1}'), "'w' is in its header twice"),
    "a key twice": (
        file(b'{"w": {"dtype": "F32", "dtype": "F64"}}'),
        "'dtype' is in its header twice",
    ),
    "numbers as metadata": (file({"__metadata__": {"a": 1}}), "__metadata__"),
    "a text for a tensor": (file({"w": "F32"}), "tensor 'w' is not described"),
    "no offsets": (file({"w": {"dtype": "F32", "shape": [1]}}), "tensor 'w' is not described"),
    "a negative length": (file({"w": tensor(0, 4, [-1])}, b"abcd"), "tensor 'w' is not described"),
    "a fraction": (file({"w": tensor(0, 4.0)}, b"abcd"), "tensor 'w' is not described"),
    "a boolean": (file({"w": tensor(0, 4, [True])}, b"abcd"), "tensor 'w' is not described"),
    "backwards": (file({"w": tensor(4, 0)}, b"abcd"), "tensor 'w' is not described"),
    "beyond": (file({"w": tensor(0, 8, [2])}, b"abcd"), "tensor 'w' ends beyond the file"),
    "overlapping": (
        file({"w": tensor(0, 8, [2]), "v": tensor(4, 8)}, b"abcdefgh"),
        "tensor 'v' overlaps another",
    ),
    "a gap": (file({"w": tensor(4, 8)}, b"abcdefgh"), "tensor 'w' .* leaves a gap"),
    "more bytes": (file({"w": tensor(0, 4)}, b"abcdef"), "2 bytes at its end belong to no tensor"),
    "shape": (file({"w": tensor(0, 4, [3])}, b"abcd"), "tensor 'w' has 4 bytes"),
    "huge": (file({"w": tensor(0, 4, [2**40, 2**40])}, b"abcd"), "tensor 'w' has 4 bytes"),
    "axes": (file({"w": tensor(0, 4, [1] * 100)}, b"abcd"), "tensor 'w' has an impossible shape"),
    "no axis so long": (
        file({"w": tensor(0, 0, [0, 2**70])}),
        "tensor 'w' has an impossible shape",
    ),
    "dtype": (file({"w": tensor(0, 4, dtype="Q4")}, b"abcd"), "tensor 'w' has dtype Q4"),
    "float8": (file({"w": tensor(0, 1, dtype="F8_E4M3")}, b"a"), "tensor 'w' has dtype F8_E4M3"),
    "npz": (b"PK\x03\x04" + b"\0" * 60, "a zip archive, as np.savez and torch.save write"),
    "npy": (b"\x93NUMPY\x01\0" + b"\0" * 60, "an array of np.save"),
    "pickle": (b"\x80\x04\x95" + b"\0" * 60, "a pickle, which could run anything"),
    "text": (b"weights: none, for this is a text of some length\n", "its header would end beyond"),
}


class TestBadFiles:
    def loaders(self, torch, path, model, optimizer):
        return (
            lambda: torch.load(path),
            lambda: torch.load_model(model, path),
            lambda: torch.load_model(model, path, strict=False),
            lambda: torch.load_checkpoint(path, model, optimizer),
        )

    def assert_refused(self, torch, nn, path, word, error=ValueError):
        """By all that read files, with the file named; model and optimizer stay as they were."""
        model = exchange.network(nn)
        optimizer = torch.optim.Adam(model.parameters())
        exchange.train(model, optimizer, torch.tensor, range(1))
        before = copy_of(model, optimizer)
        for load in self.loaders(torch, path, model, optimizer):
            with pytest.raises(error, match=word) as caught:
                load()
            assert path.name in str(caught.value)
            assert_same(copy_of(model, optimizer), before)

    @pytest.mark.parametrize("name", BAD)
    def test_is_refused_by_all(self, torch, nn, tmp_path, name):
        content, word = BAD[name]
        (tmp_path / "weights.bin").write_bytes(content)
        self.assert_refused(torch, nn, tmp_path / "weights.bin", word)
        with pytest.raises(ValueError, match=r"use safetensors\.torch\.save_file in PyTorch"):
            torch.load(tmp_path / "weights.bin")

    def test_a_good_one_is_none_of_these(self, torch, tmp_path):
        (tmp_path / "good").write_bytes(GOOD)
        assert torch.load(tmp_path / "good")["w"].shape == (1,)

    def test_a_header_whose_length_looks_like_a_pickle(self, torch, tmp_path):
        length = 0x0280  # the bytes 80 02
        text = json.dumps({"w": tensor(0, 4)}).encode().ljust(length)
        (tmp_path / "good").write_bytes(file(text, b"abcd"))
        assert torch.load(tmp_path / "good")["w"].shape == (1,)

    def test_a_real_archive_of_numpy(self, torch, nn, tmp_path):
        np.savez(tmp_path / "weights.npz", w=np.ones(3))
        self.assert_refused(torch, nn, tmp_path / "weights.npz", "a zip archive")

    def test_a_folder_and_nothing(self, torch, nn, tmp_path):
        (tmp_path / "folder").mkdir()
        self.assert_refused(torch, nn, tmp_path / "folder", "is a folder: use the path of a file")
        self.assert_refused(torch, nn, tmp_path / "none", "there is no file", FileNotFoundError)

    def test_an_open_file_is_refused_by_name(self, torch):
        import io

        for use in (torch.load, lambda f: torch.save({}, f)):
            with pytest.raises(TypeError, match=r"BytesIO in place of a path.*use the path"):
                use(io.BytesIO())

    @pytest.mark.parametrize(
        "text",
        ["", "{", "[]", '{"tensor": "gone"}', '{"dict": 1}', '{"dict": [["a"]]}', "[" * 100_000],
    )
    def test_a_description_that_save_did_not_write(self, torch, tmp_path, text):
        path = tmp_path / "weights.bin"
        path.write_bytes(
            file({"__metadata__": {"tinytorch.save": text}, "w": tensor(0, 4)}, b"abcd")
        )
        with pytest.raises(ValueError, match=r"weights.bin is damaged: .*not written by save"):
            torch.load(path)

    @pytest.mark.parametrize(
        ("header", "names"),
        [
            ("{", ()),
            ("[]", ()),
            ("[" * 100_000, ()),
            ({"param_groups": 3}, ()),
            ({"param_groups": [], "state": []}, ()),
            ({"param_groups": [], "state": {"x": {}}}, ()),
            ({"param_groups": [], "state": {"0": 1}}, ()),
            ({"param_groups": [{}]}, ()),
            ({"param_groups": []}, ("optimizer/0",)),
            ({"param_groups": []}, ("optimizer/x/exp_avg",)),
            ({"param_groups": []}, ("optimizer/0/exp_avg",)),
            ({"param_groups": []}, ("optimizer/0/1/2",)),
        ],
    )
    def test_a_checkpoint_that_is_none(self, torch, nn, tmp_path, header, names):
        path = tmp_path / "weights.bin"
        model = exchange.network(nn)
        optimizer = torch.optim.Adam(model.parameters())
        exchange.train(model, optimizer, torch.tensor, range(1))
        before = copy_of(model, optimizer)
        arrays = {name: array * 2 for name, array in model.state_dict().items()}
        arrays |= {name: np.ones(1) for name in names}
        text = header if isinstance(header, str) else json.dumps(header)
        import_module("tinytorch.weightfiles").write_safetensors(path, arrays, {"tinytorch": text})
        with pytest.raises(
            ValueError, match=r"weights\.bin (is damaged|does not fit the optimizer)"
        ):
            torch.load_checkpoint(path, model, optimizer)
        assert_same(copy_of(model, optimizer), before)


class TestBadStates:
    @pytest.mark.parametrize(
        ("value", "word"),
        [
            (np.ones((2, 3)), r"weight has shape \(2, 2\), but the state has \(2, 3\)"),
            (np.ones(2), r"weight has shape \(2, 2\), but the state has \(2,\)"),
            (
                np.ones((2, 2), np.int64),
                "weight is float32 here, but the state has int64: use .astype",
            ),
            (np.ones((2, 2), bool), "weight is float32 here, but the state has bool: use .astype"),
            (np.ones((2, 2), complex), "weight is float32 here, but the state has complex128"),
            (np.full((2, 2), "1.0"), "weight is float32 here, but the state has <U3"),
            ([[1.0], [2.0, 3.0]], "weight is no array"),
            (None, "weight is float32 here, but the state has object"),
            (
                {"deep": 1},
                r"'weight' is no name of an array.* use load_state_dict\(checkpoint\['weight'\]\)",
            ),
        ],
    )
    def test_names_the_key_and_changes_nothing(self, torch, nn, value, word):
        model = nn.Linear(2, 2)
        before = copy_of(model)
        for strict in (True, False):
            with pytest.raises((TypeError, ValueError), match=word):
                model.load_state_dict({"bias": np.ones(2), "weight": value}, strict)
            assert_same(copy_of(model), before)

    @pytest.mark.parametrize("state", [None, [1], "weights.safetensors", {0: np.ones(1)}])
    def test_what_is_no_state(self, nn, state):
        with pytest.raises(TypeError, match=r"dictionary|no name of an array"):
            nn.Linear(1, 1).load_state_dict(state)

    def test_a_file_with_another_dtype_is_named(self, torch, nn, tmp_path):
        model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        model(torch.tensor(exchange.numbers("x", 3, 2))).sum().backward()
        optimizer.step()
        before = copy_of(model, optimizer)
        for name, dtype in (("1.num_batches_tracked", np.float32), ("1.weight", np.int8)):
            state = model.state_dict()
            state["0.weight"] += 1
            state[name] = state[name].astype(dtype)
            header = {"param_groups": [{**before[1]["param_groups"][0], "lr": 9.0}], "state": {}}
            path = tmp_path / "weights.bin"
            import_module("tinytorch.weightfiles").write_safetensors(
                path, state, {"tinytorch": json.dumps(header)}
            )
            for load in (
                lambda path=path: torch.load_model(model, path),
                lambda path=path: torch.load_checkpoint(path, model, optimizer),
            ):
                with pytest.raises(ValueError, match=rf"weights\.bin does not fit .*{name} is"):
                    load()
                assert_same(copy_of(model, optimizer), before)

    def test_a_count_that_is_too_large(self, nn):
        model = nn.Identity()
        model.register_buffer("codes", np.zeros(2, np.int8))
        with pytest.raises(ValueError, match="codes is int8 here, too small"):
            model.load_state_dict({"codes": np.array([1, 300])})
        model.load_state_dict({"codes": np.array([1, -128])})
        assert model.codes.tolist() == [1, -128]


class TestWriting:
    def writers(self, torch, nn):
        model = nn.Linear(2, 2)
        return (
            lambda path: torch.save({"new": np.ones(2)}, path),
            lambda path: torch.save_model(model, path),
            lambda path: torch.save_checkpoint(path, model),
        )

    @pytest.mark.parametrize("where", ["replace", "write_bytes"])
    def test_a_failure_leaves_the_old_file_and_no_other(
        self, torch, nn, tmp_path, monkeypatch, where
    ):
        path = tmp_path / "weights"
        torch.save({"old": np.ones(1)}, path)
        before = path.read_bytes()

        def full(self, *args):
            if where == "write_bytes":
                self.touch()
            raise OSError("no space left on device")

        monkeypatch.setattr(Path, where, full)
        for write in self.writers(torch, nn)[: 2 if where == "write_bytes" else 3]:
            with pytest.raises(OSError, match="no space"):
                write(path)
            assert [each.name for each in tmp_path.iterdir()] == ["weights"]
            assert path.read_bytes() == before

    @pytest.mark.parametrize("dtype", [complex, "U3", object, "datetime64[s]"])
    def test_a_dtype_that_no_file_holds(self, torch, tmp_path, dtype):
        with pytest.raises(TypeError, match=r"'odd' has dtype .*use .astype"):
            torch.save({"even": np.ones(1), "odd": np.zeros(1, dtype)}, tmp_path / "file")
        assert not list(tmp_path.iterdir())

    def test_an_array_is_written_as_it_is_read(self, torch, tmp_path):
        array = np.arange(6.0).reshape(2, 3).T
        import_module("tinytorch.weightfiles").write_safetensors(tmp_path / "file", {"w": array})
        assert torch.load(tmp_path / "file")["w"].tolist() == array.tolist()

    def test_a_folder_that_is_not_there(self, torch, tmp_path):
        with pytest.raises(FileNotFoundError, match="none"):
            torch.save({}, tmp_path / "none" / "file")

    def test_names_with_dots_stay_apart(self, torch, tmp_path):
        saved = {
            "a.b": torch.ones(1),
            "a": {"b": torch.zeros(1), "c": [torch.ones(2)]},
            3: torch.ones(3),
        }
        torch.save(saved, tmp_path / "file")
        found = torch.load(tmp_path / "file")
        assert list(found) == ["a.b", "a", 3]
        assert (found["a.b"].tolist(), found["a"]["b"].tolist()) == ([1], [0])
        torch.save({0: torch.ones(1)}, tmp_path / "file")
        assert list(torch.load(tmp_path / "file")) == [0]
