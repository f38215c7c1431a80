"""Weights that PyTorch wrote load here, for every layer, whole or not at all."""

from __future__ import annotations

import hashlib
import json
from importlib import import_module

import numpy as np
import pytest

from tests.interop import exchange
from tests.interop.exchange import FOLDER, assert_same, copy_of


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
            ([[1.0], [2.0, 3.0]], "weight is not an array"),
            (None, "weight is float32 here, but the state has object"),
            (
                {"deep": 1},
                r"'weight' is not the name of an array.* use load_state_dict\(checkpoint\['weight'\]\)",
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
        with pytest.raises(TypeError, match=r"dictionary|not the name of an array"):
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
