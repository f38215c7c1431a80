"""MNIST and CIFAR-10 in files of one's own: where they are looked for, and damage is noticed."""

from __future__ import annotations

import gzip
import hashlib
import sys

import numpy as np
import pytest

from tests.support import imageserver as tiny
from tests.support.imageserver import assert_is_cifar, assert_is_mnist, names_in, says, small, write

pytestmark = pytest.mark.usefixtures("cache")
IMAGES, LABELS = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"


class TestOwnFolder:
    """Files that the user has put somewhere."""

    @pytest.mark.parametrize("by_root", [True, False])
    @pytest.mark.parametrize("train", [True, False])
    def test_neither_network_nor_pooch_is_needed(
        self, mnist, cifar, own, mirror, monkeypatch, by_root, train
    ):
        monkeypatch.setitem(sys.modules, "pooch", None)
        if by_root:
            monkeypatch.setenv("TINYTORCH_DATA", str(own.parent / "elsewhere"))
        root = str(own) if by_root else None
        before = names_in(own)
        assert_is_mnist(mnist(train, root), train)
        assert_is_cifar(cifar(train, root), train)
        assert not mirror.asked
        assert names_in(own) == before

    def test_files_may_be_unpacked_or_packed_anew(self, mnist, own):
        for name in (IMAGES, LABELS):
            packed = own / "mnist" / name
            data = gzip.decompress(packed.read_bytes())
            if name == IMAGES:
                packed.unlink()
                packed.with_suffix("").write_bytes(data)
            else:
                packed.write_bytes(gzip.compress(data, 1))
                assert hashlib.sha256(packed.read_bytes()).hexdigest() != mnist.source.sha256[name]
        assert_is_mnist(mnist(download=False))

    @pytest.mark.parametrize("inside", ["", "cifar-10-batches-bin"])
    def test_the_archive_will_do(self, cifar, tmp_path, inside):
        write(tmp_path / "own" / inside, {tiny.ARCHIVE: tiny.cifar_archive()})
        assert_is_cifar(cifar(root=tmp_path / "own"))

    @pytest.mark.parametrize("there", [True, False])
    def test_an_empty_one_leaves_the_cache_in_use(
        self, mnist, mirror, cache, monkeypatch, tmp_path, there
    ):
        folder = tmp_path / "empty"
        if there:
            folder.mkdir()
        monkeypatch.setenv("TINYTORCH_DATA", str(folder))
        assert_is_mnist(mnist())
        assert folder.exists() is there
        assert not there or names_in(folder) == []
        assert (cache / "mnist" / IMAGES).is_file()
        mirror.stop()
        with pytest.raises(ConnectionError) as error:
            mnist(train=False)
        says(error, f"TINYTORCH_DATA ({folder})", cache / "mnist", "t10k-images-idx3-ubyte.gz")

    def test_an_empty_variable_is_none(self, mnist, monkeypatch, tmp_path):
        """It does not mean the current folder."""
        write(tmp_path / "mnist", {IMAGES: b"other", LABELS: b"other"})
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("TINYTORCH_DATA", "")
        assert_is_mnist(mnist())
        with pytest.raises(FileNotFoundError, match=r"TINYTORCH_DATA \(not set\)"):
            mnist(train=False, download=False)

    def test_a_root_is_the_only_place(self, mnist, own, mirror, tmp_path):
        with pytest.raises(FileNotFoundError) as error:
            mnist(root=tmp_path)
        says(error, tmp_path / "mnist", "lacks train-images-idx3-ubyte", mirror.address)
        assert not mirror.asked

    @pytest.mark.parametrize("by_root", [True, False])
    def test_a_part_of_it_is_not_mixed_with_others(self, mnist, cifar, own, mirror, by_root):
        (own / "mnist" / LABELS).unlink()
        (own / "cifar-10-batches-bin" / "data_batch_3.bin").unlink()
        root = own if by_root else None
        with pytest.raises(FileNotFoundError) as error:
            mnist(root=root)
        says(
            error,
            own / "mnist",
            "lacks train-labels-idx1-ubyte,",
            LABELS,
            "nothing is ever downloaded",
        )
        with pytest.raises(FileNotFoundError) as error:
            cifar(root=root)
        says(error, "lacks data_batch_3.bin,", tiny.ARCHIVE, "TINYTORCH_DATA")
        assert not mirror.asked


def harmed(name, data):
    """The bytes of an IDX file, packed, with one thing wrong."""
    array = tiny.mnist_arrays()[name.removesuffix(".gz")]
    if data == "cut archive":
        return tiny.mnist_files()[name][:-20]
    if data == "flipped":
        packed = bytearray(tiny.mnist_files()[name])
        packed[len(packed) // 2] ^= 255
        return bytes(packed)
    if data == "no archive":
        return tiny.idx(array)
    changed = {
        "empty": b"",
        "cut header": tiny.idx(array)[:6],
        "cut": tiny.idx(array)[:-1],
        "long": tiny.idx(array) + b"x",
        "type": tiny.idx(array, kind=9),
        "axes": tiny.idx(array.reshape(-1, 2)),
        "count": tiny.idx(array[:-1]),
    }
    return gzip.compress(changed[data])


class TestDamage:
    """Files that are not what they must be; also in a download that has the known sha256."""

    @pytest.mark.parametrize("file", [IMAGES, LABELS])
    @pytest.mark.parametrize(
        ("harm", "word"),
        [
            *(("cut archive", "unpacked"), ("flipped", "unpacked"), ("no archive", "unpacked")),
            *(
                ("empty", "begins with"),
                ("cut header", "ends too early"),
                ("cut", "ends too early"),
            ),
            *(
                ("long", "goes on too long"),
                ("type", "begins with"),
                ("count", "has the shape (5,"),
            ),
        ],
    )
    def test_mnist(self, mnist, own, file, harm, word):
        (own / "mnist" / file).write_bytes(harmed(file, harm))
        with pytest.raises(ValueError, match="damaged") as error:
            mnist()
        says(error, own / "mnist" / file, word, "replace it with a good copy", "docs/data.md")

    def test_axes_that_are_too_few(self, mnist, own):
        (own / "mnist" / IMAGES).write_bytes(harmed(IMAGES, "axes"))
        with pytest.raises(ValueError, match="begins with the bytes 00000802, and should 00000803"):
            mnist()

    def test_images_of_another_size(self, mnist, own):
        images = np.zeros((tiny.MNIST_RECORDS[0], 28, 27), np.uint8)
        (own / "mnist" / IMAGES).write_bytes(gzip.compress(tiny.idx(images)))
        with pytest.raises(ValueError, match=r"shape \(6, 28, 27\), and should have \(6, 28, 28\)"):
            mnist()

    def test_a_label_that_is_no_class(self, mnist, cifar, own):
        labels = np.array([0, 9, 10, 1, 1, 1], np.uint8)
        (own / "mnist" / LABELS).write_bytes(gzip.compress(tiny.idx(labels)))
        with pytest.raises(ValueError, match="a label 10, and the highest is 9") as error:
            mnist()
        says(error, own / "mnist" / LABELS, "good copy")
        batch = own / "cifar-10-batches-bin" / "data_batch_2.bin"
        batch.write_bytes(b"\xff" + batch.read_bytes()[1:])
        with pytest.raises(ValueError, match="a label 255") as error:
            cifar()
        says(error, batch, "good copy")

    @pytest.mark.parametrize("change", [-1, -3073, 1, 3073])
    def test_records_of_cifar(self, cifar, own, change):
        batch = own / "cifar-10-batches-bin" / "data_batch_4.bin"
        data = batch.read_bytes()
        batch.write_bytes(data[:change] if change < 0 else data + data[:change])
        with pytest.raises(ValueError, match="3 records need 9,219 bytes") as error:
            cifar()
        says(error, batch, "ends too early" if change < 0 else "goes on too long", "good copy")

    def test_a_download_with_the_known_digest(self, datasets, mirror):
        mirror.files[LABELS] = harmed(LABELS, "count")
        with pytest.raises(ValueError, match=rf"{LABELS} is damaged: .*shape"):
            small(datasets.MNIST, tiny.MNIST_RECORDS, mirror)()


def entry(name, kind, target="data_batch_1.bin"):
    info = tiny.tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return name, info


class TestArchive:
    """What an archive can hold besides the six files, or in place of one."""

    FOLDER = "cifar-10-batches-bin/"

    def load(self, datasets, mirror, members):
        mirror.files[tiny.ARCHIVE] = tiny.archive(members)
        return small(datasets.CIFAR10, tiny.CIFAR_RECORDS, mirror)()

    def members(self, without=None):
        files = tiny.cifar_files().items()
        return [(self.FOLDER + name, data) for name, data in files if name != without]

    def test_nothing_else_is_trusted_or_written(self, datasets, mirror, cache, tmp_path):
        absolute = (tmp_path / "evil").as_posix()
        bait = [
            *((path, b"evil") for path in ("../evil", absolute, "data_batch_1.bin", "other/x")),
            *((path, b"evil") for path in (f"{self.FOLDER}../../evil", "./data_batch_1.bin")),
            entry(f"{self.FOLDER}link", tiny.tarfile.SYMTYPE, "../../evil"),
            entry("../evil", tiny.tarfile.LNKTYPE, f"{self.FOLDER}test_batch.bin"),
        ]
        assert_is_cifar(self.load(datasets, mirror, [*bait, *reversed(self.members()), *bait]))
        archive = f"{self.FOLDER}{tiny.ARCHIVE}"
        assert names_in(tmp_path) == ["cache", f"cache/{self.FOLDER[:-1]}", f"cache/{archive}"]

    @pytest.mark.parametrize(
        "kind", [tiny.tarfile.SYMTYPE, tiny.tarfile.LNKTYPE, tiny.tarfile.DIRTYPE]
    )
    def test_a_link_in_place_of_a_file(self, datasets, mirror, kind):
        bait = entry(f"{self.FOLDER}data_batch_2.bin", kind, f"{self.FOLDER}data_batch_1.bin")
        with pytest.raises(ValueError, match=r"data_batch_2\.bin is a link or a folder"):
            self.load(datasets, mirror, [*self.members(without="data_batch_2.bin"), bait])

    def test_a_file_that_is_missing_or_misplaced(self, datasets, mirror):
        members = self.members(without="data_batch_5.bin")
        bait = ("../cifar-10-batches-bin/data_batch_5.bin", tiny.cifar_files()["data_batch_5.bin"])
        with pytest.raises(ValueError, match=r"lacks cifar-10-batches-bin/data_batch_5\.bin; rep"):
            self.load(datasets, mirror, [*members, bait])

    def test_a_file_that_is_there_twice(self, datasets, mirror):
        with pytest.raises(ValueError, match=r"data_batch_1\.bin is in it twice"):
            self.load(datasets, mirror, [*self.members(), self.members()[0]])

    def test_a_file_of_another_size(self, datasets, mirror):
        members = self.members(without="data_batch_1.bin")
        with pytest.raises(ValueError, match=r"has 3 bytes, and should have 9,219; replace"):
            self.load(datasets, mirror, [*members, (f"{self.FOLDER}data_batch_1.bin", b"abc")])

    @pytest.mark.parametrize("part", [0, 100, 0.3, 0.9, -4])
    def test_an_archive_that_ends_too_early(self, cifar, tmp_path, part):
        whole = tiny.cifar_archive()
        end = int(part * len(whole)) if isinstance(part, float) else part
        write(tmp_path / "own", {tiny.ARCHIVE: whole[:end]})
        with pytest.raises(ValueError, match=r"binary\.tar\.gz is damaged.*good copy"):
            cifar(root=tmp_path / "own")

    @pytest.mark.parametrize("part", [0.2, 0.5, 0.9])
    def test_a_byte_that_has_changed(self, cifar, tmp_path, part):
        """In the middle of an image, too, where only the checksum can tell."""
        whole = bytearray(tiny.cifar_archive())
        whole[int(part * len(whole))] ^= 1
        write(tmp_path / "own", {tiny.ARCHIVE: bytes(whole)})
        with pytest.raises(ValueError, match=r"binary\.tar\.gz is damaged.*good copy"):
            cifar(root=tmp_path / "own")
