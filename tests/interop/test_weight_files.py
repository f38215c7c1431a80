"""Files of weights that are damaged, foreign or hostile; and files that are written whole."""

from __future__ import annotations

import json
import struct
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from tests.interop import exchange
from tests.interop.exchange import assert_same, copy_of


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
    "no JSON": (file(b'{"w": '), "header is not JSON"),
    "no UTF-8": (file(b'{"\xff": 1}'), "header is not JSON"),
    "nested": (file(b'{"w":' + b"[" * 100_000), "header is not JSON"),
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
