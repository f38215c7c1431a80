"""TinyDigits: what ships is what the datasheet says, and damage is noticed."""

from __future__ import annotations

import hashlib
import shutil
from importlib.util import module_from_spec, spec_from_file_location

import numpy as np
import pytest

from tests.support import kit

FOLDER = kit.ROOT / "datasets" / "tinydigits"
COUNTS = {"train.npz": 100, "test.npz": 20}


def load(path, name):
    """A module from a file of ours that no package holds."""
    found = spec_from_file_location(name, path)
    module = module_from_spec(found)
    found.loader.exec_module(module)
    return module


def arrays(file):
    with np.load(FOLDER / file, allow_pickle=False) as found:
        return dict(found)


@pytest.fixture(scope="module")
def make():
    return load(FOLDER / "make.py", "tinydigits_make")


@pytest.fixture(scope="module")
def datasets():
    """The reference's `tinytorch.datasets`, which needs nothing else of the package."""
    return load(kit.REFERENCE / "tinytorch" / "datasets.py", "tinydigits_datasets")


@pytest.fixture(autouse=True)
def no_folder_of_ones_own(monkeypatch):
    monkeypatch.delenv("TINYTORCH_DATA", raising=False)


@pytest.fixture
def copy(tmp_path):
    """A copy of the data that a test may damage; its parent folder is a root."""
    return shutil.copytree(FOLDER, tmp_path / "own" / "tinydigits")


@pytest.mark.parametrize(("file", "count"), COUNTS.items())
def test_each_digit_comes_equally_often(file, count):
    found = arrays(file)
    assert found["images"].shape == (10 * count, 8, 8)
    assert found["labels"].shape == (10 * count,)
    assert np.bincount(found["labels"]).tolist() == [count] * 10


@pytest.mark.parametrize("file", COUNTS)
def test_pixels_are_small_whole_numbers(file):
    images = arrays(file)["images"]
    assert images.dtype == arrays(file)["labels"].dtype == np.uint8
    assert (images.min(), images.max()) == (0, 16)


def test_no_image_comes_twice():
    images = np.concatenate([arrays(file)["images"] for file in COUNTS])
    assert len(np.unique(images.reshape(len(images), -1), axis=0)) == len(images) == 1200


@pytest.mark.parametrize("file", COUNTS)
def test_the_order_is_mixed(file):
    """Any first fifth has several images of every digit."""
    labels = arrays(file)["labels"]
    assert len(set(labels[: len(labels) // 5].tolist())) == 10


def test_digests_are_right():
    lines = (FOLDER / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    listed = {line.split()[1]: line.split()[0] for line in lines}
    assert listed == {
        file: hashlib.sha256((FOLDER / file).read_bytes()).hexdigest() for file in COUNTS
    }


@pytest.mark.parametrize("file", ["LICENSE.txt", "README.md"])
def test_licence_and_source_are_named(file):
    text = (FOLDER / file).read_text(encoding="utf-8")
    for words in ("CC BY 4.0", "10.24432/C50P49", "Alpaydin", "Kaynak"):
        assert words in text


def test_the_datasheet_reports_its_own_numbers():
    """The two accuracies that it gives for comparison."""
    (x, y), (images, labels) = (
        (found["images"].reshape(-1, 64).astype(float), found["labels"])
        for found in (arrays("train.npz"), arrays("test.npz"))
    )
    means = np.stack([x[y == digit].mean(axis=0) for digit in range(10)])
    sheet = (FOLDER / "README.md").read_text(encoding="utf-8")
    for known, names in ((x, y), (means, np.arange(10))):
        distances = ((images[:, None] - known) ** 2).sum(axis=-1)
        accuracy = (names[distances.argmin(axis=1)] == labels).mean()
        assert f"{accuracy:.1%}" in sheet


def test_the_script_makes_the_same_files(make, tmp_path):
    pytest.importorskip("sklearn")
    make.write(tmp_path)
    for file in (*COUNTS, "SHA256SUMS"):
        assert (tmp_path / file).read_bytes() == (FOLDER / file).read_bytes()


def test_the_same_arrays_give_the_same_bytes(make):
    for file in COUNTS:
        assert make.npz(**arrays(file)) == (FOLDER / file).read_bytes()


@pytest.mark.parametrize(("train", "file"), [(True, "train.npz"), (False, "test.npz")])
def test_it_is_a_dataset_of_arrays(datasets, train, file):
    digits = datasets.TinyDigits(train=train)
    raw = arrays(file)
    assert digits.images.dtype == np.float32
    assert digits.labels.dtype == np.int64
    assert len(digits) == len(raw["labels"])
    assert np.array_equal(digits.images * 16, raw["images"][:, None])
    assert np.array_equal(digits.labels, raw["labels"])
    image, label = digits[3]
    assert image.shape == (1, 8, 8)
    assert type(label) is int
    assert label == raw["labels"][3]
    images, labels = digits.fetch(np.array([3, 3, 0]))
    assert np.array_equal(images, digits.images[[3, 3, 0]])
    assert np.array_equal(labels, digits.labels[[3, 3, 0]])
    with pytest.raises(IndexError):
        digits[len(digits)]


def test_a_root_of_ones_own_is_used(datasets, copy, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    expected = datasets.TinyDigits().images
    damage(copy / "test.npz")
    assert np.array_equal(datasets.TinyDigits(root=copy.parent).images, expected)
    with pytest.raises(ValueError, match=r"own.+tinydigits.+test\.npz is damaged"):
        datasets.TinyDigits(train=False, root=str(copy.parent))
    monkeypatch.setenv("TINYTORCH_DATA", str(copy.parent))
    with pytest.raises(ValueError, match=r"own.+tinydigits.+test\.npz is damaged"):
        datasets.TinyDigits(train=False)


def test_an_own_folder_without_it_leaves_the_workspace_in_use(datasets, monkeypatch, tmp_path):
    monkeypatch.setenv("TINYTORCH_DATA", str(tmp_path))
    assert len(datasets.TinyDigits()) == 1000


def test_the_workspace_is_found_from_a_folder_inside_it(copy, monkeypatch, tmp_path):
    """Also when the package is somewhere else altogether."""
    inside = tmp_path / "workspace" / "milestones" / "mlp"
    inside.mkdir(parents=True)
    shutil.move(copy.parent, tmp_path / "workspace" / "datasets")
    package = tmp_path / "elsewhere" / "datasets.py"
    package.parent.mkdir()
    shutil.copy(kit.REFERENCE / "tinytorch" / "datasets.py", package)
    datasets = load(package, "tinydigits_elsewhere")
    monkeypatch.chdir(inside)
    assert len(datasets.TinyDigits(train=False)) == 200
    monkeypatch.chdir(package.parent)
    with pytest.raises(
        FileNotFoundError, match=r"tinydigits/ in TINYTORCH_DATA \(not set\), .*elsewhere"
    ):
        datasets.TinyDigits()


def test_a_root_without_it_is_named(datasets, tmp_path):
    with pytest.raises(FileNotFoundError, match=rf"tinydigits/ in .*{tmp_path.name}"):
        datasets.TinyDigits(root=tmp_path)


def damage(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize("harm", ["flip", "cut", "empty"])
def test_damage_is_noticed(datasets, copy, harm):
    file = copy / "train.npz"
    content = file.read_bytes()
    if harm == "flip":
        damage(file)
    else:
        file.write_bytes(content[:-1] if harm == "cut" else b"")
    with pytest.raises(ValueError, match=r"train\.npz is damaged.*git checkout"):
        datasets.TinyDigits(root=copy.parent)


@pytest.mark.parametrize("file", ["train.npz", "SHA256SUMS"])
def test_a_missing_file_is_named(datasets, copy, file):
    (copy / file).unlink()
    with pytest.raises(FileNotFoundError, match=rf"{file} is missing.*git checkout"):
        datasets.TinyDigits(root=copy.parent)


@pytest.mark.parametrize("text", ["", "no digest at all", "\n\n", "0 1 2 3"])
def test_a_damaged_list_of_digests_is_named(datasets, copy, text):
    (copy / "SHA256SUMS").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="SHA256SUMS"):
        datasets.TinyDigits(root=copy.parent)


def test_a_pickle_is_never_opened(datasets, copy):
    """Even where somebody wrote the digest of such a file into the list."""
    np.savez(copy / "train.npz", images=np.array([{}], dtype=object), labels=np.zeros(1))
    digest = hashlib.sha256((copy / "train.npz").read_bytes()).hexdigest()
    (copy / "SHA256SUMS").write_text(f"{digest}  train.npz\n", encoding="utf-8")
    with pytest.raises(ValueError, match="pickle"):
        datasets.TinyDigits(root=copy.parent)
