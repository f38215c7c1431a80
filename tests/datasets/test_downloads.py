"""MNIST and CIFAR-10: downloads that go wrong are noticed, mended or explained, and never used."""

from __future__ import annotations

import dataclasses
import errno
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
from importlib import import_module

import numpy as np
import pytest

from tests.support import imageserver as tiny
from tests.support import kit
from tests.support.imageserver import assert_is_cifar, assert_is_mnist, names_in, says, small, write

pytestmark = pytest.mark.usefixtures("cache")
IMAGES, LABELS = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"


class TestArrays:
    """What the data sets are once they are there."""

    @pytest.mark.parametrize("train", [True, False])
    def test_mnist(self, mnist, train):
        digits = mnist(train=train)
        assert_is_mnist(digits, train)
        assert (digits.images.dtype, digits.labels.dtype) == (np.uint8, np.int64)
        assert digits.images.shape == (len(digits), 1, 28, 28)

    @pytest.mark.parametrize("train", [True, False])
    def test_cifar(self, cifar, train):
        photographs = cifar(train=train)
        assert_is_cifar(photographs, train)
        assert (photographs.images.dtype, photographs.labels.dtype) == (np.uint8, np.int64)
        assert photographs.images.shape == (len(photographs), 3, 32, 32)
        assert len(photographs.classes) == 10

    def test_what_is_asked_for_is_converted(self, mnist):
        digits = mnist()
        images, labels = digits.fetch(np.array([3, 3, 0]))
        assert images.dtype == np.float32
        assert np.array_equal(images, (digits.images[[3, 3, 0]] / 255).astype(np.float32))
        assert np.array_equal(labels, digits.labels[[3, 3, 0]])
        image, label = digits[3]
        assert np.array_equal(image, images[0])
        assert (type(label), label) == (int, digits.labels[3])
        with pytest.raises(IndexError):
            digits[len(digits)]
        assert digits.images.dtype == np.uint8

    def test_a_dataloader_takes_them(self, mnist):
        loader = import_module("tinytorch.dataloader").DataLoader
        batches = list(loader(mnist(), batch_size=4))
        assert [images.shape for images, _ in batches] == [(4, 1, 28, 28), (2, 1, 28, 28)]

    def test_the_real_sizes_and_addresses(self, datasets):
        assert datasets.MNIST.source.records == (60_000, 10_000)
        assert datasets.CIFAR10.source.records == (10_000, 10_000)
        for source in (datasets.MNIST.source, datasets.CIFAR10.source):
            assert all(url.startswith("https://") and url.endswith("/") for url in source.mirrors)
            assert all(len(bytes.fromhex(digest)) == 32 for digest in source.sha256.values())

    def test_the_cache_is_where_the_system_keeps_one(self):
        """In another process, since the tests here have a cache of their own."""
        code = (
            "import pooch; from pathlib import Path; from tinytorch import downloads;"
            "assert downloads.cache() == Path(pooch.os_cache('tinytorch'))"
        )
        assert python("-c", code).wait() == 0

    def test_tinydigits_needs_no_pooch(self):
        code = (
            "import sys; sys.modules['pooch'] = sys.modules['requests'] = None;"
            "from tinytorch.datasets import TinyDigits; assert len(TinyDigits()) == 1000"
        )
        assert python("-c", code).wait() == 0


def python(*arguments):
    """Another process, which imports the reference."""
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=kit.ROOT,
        env={**os.environ, "PYTHONPATH": str(kit.REFERENCE)},
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


class TestDownload:
    """From a mirror to the cache."""

    def test_it_is_done_once(self, mnist, mirror, cache):
        mnist()
        mirror.stop()
        assert_is_mnist(mnist())
        assert mirror.asked == {IMAGES: 1, LABELS: 1}
        assert names_in(cache) == ["mnist", f"mnist/{IMAGES}", f"mnist/{LABELS}"]

    def test_the_next_mirror_is_used(self, datasets, mirror, cache):
        with tiny.Mirror({IMAGES: b"something else"}) as poor:
            digits = small(datasets.MNIST, tiny.MNIST_RECORDS, mirror, poor)
            addresses = (poor.address, mirror.address)
            digits.source = dataclasses.replace(digits.source, mirrors=addresses)
            assert_is_mnist(digits())
        assert poor.asked == {IMAGES: 1, LABELS: 1}

    def test_a_server_in_trouble_is_asked_again(self, mnist, mirror):
        mirror.statuses = {IMAGES: [500, 503]}
        assert_is_mnist(mnist())
        assert mirror.asked[IMAGES] == 3

    def test_a_server_that_stays_in_trouble(self, mnist, mirror, cache):
        mirror.statuses = {IMAGES: [500] * 100}
        with pytest.raises(ConnectionError) as error:
            mnist()
        says(error, f"{mirror.address}{IMAGES}: the answer was 500", "TINYTORCH_DATA", cache)
        assert mirror.asked[IMAGES] == 3

    def test_a_file_that_a_mirror_lacks(self, mnist, mirror, cache):
        del mirror.files[IMAGES]
        with pytest.raises(ConnectionError) as error:
            mnist()
        says(error, f"{IMAGES}: the answer was 404", "TINYTORCH_DATA")
        assert mirror.asked[IMAGES] == 1
        assert names_in(cache) == ["mnist"]

    def test_a_download_that_is_cut_short(self, mnist, mirror, cache):
        mirror.cut = True
        with pytest.raises(ConnectionError, match=r"broke|sha256 is wrong") as error:
            mnist()
        says(error, IMAGES, "TINYTORCH_DATA")
        assert names_in(cache) == ["mnist"]

    @pytest.mark.parametrize("change", [b"", b"x", None])
    def test_other_bytes_are_thrown_away(self, mnist, mirror, cache, change):
        whole = mirror.files[IMAGES]
        mirror.files[IMAGES] = whole[:-1] if change is None else change
        with pytest.raises(ConnectionError) as error:
            mnist()
        says(error, IMAGES, "sha256 is wrong", "thrown away", "TINYTORCH_DATA")
        assert names_in(cache) == ["mnist"]
        mirror.files[IMAGES] = whole
        assert_is_mnist(mnist())

    @pytest.mark.parametrize("name", ["mnist", "cifar"])
    def test_no_network(self, request, mirror, cache, name):
        data_set = request.getfixturevalue(name)
        mirror.stop()
        with pytest.raises(ConnectionError) as error:
            data_set()
        source = data_set.source
        says(error, *source.sha256, mirror.address, "TINYTORCH_DATA (not set)", "no connection")
        says(error, f"put that into a folder {source.folder}/", cache / source.folder)

    def test_no_download_wanted(self, mnist, mirror, cache):
        with pytest.raises(FileNotFoundError) as error:
            mnist(download=False)
        says(error, IMAGES, LABELS, mirror.address, "TINYTORCH_DATA (not set)", cache / "mnist")
        assert not mirror.asked
        assert not cache.exists()
        mnist()
        assert_is_mnist(mnist(download=False))

    @pytest.mark.parametrize("terminal", [True, False])
    def test_a_terminal_shows_how_far_it_is(self, mnist, monkeypatch, terminal):
        shown = io.StringIO()
        shown.isatty = lambda: terminal
        monkeypatch.setattr(sys, "stderr", shown)
        mnist()
        assert (f"\r{IMAGES} 100%\n" in shown.getvalue()) is terminal
        assert bool(shown.getvalue()) is terminal

    def test_two_processes_at_once(self, mnist, mirror, cache):
        """Neither gets an answer before both have asked; one then replaces what the other wrote."""
        both = threading.Barrier(2)
        mirror.before = lambda name: both.wait(60)
        code = (
            "import json, pathlib, sys; from tinytorch import datasets, downloads\n"
            "downloads.cache = lambda: pathlib.Path(sys.argv[1])\n"
            "datasets.MNIST.source = downloads.Source(**json.loads(sys.argv[2]))\n"
            "digits = datasets.MNIST(); sys.stdout.write(digits.images.tobytes().hex())"
        )
        source = json.dumps(dataclasses.asdict(mnist.source))
        processes = [python("-c", code, str(cache), source) for _ in range(2)]
        outputs = [process.communicate()[0] for process in processes]
        mirror.before = lambda name: None
        assert outputs == [mnist().images.tobytes().hex()] * 2
        assert mirror.asked == {IMAGES: 2, LABELS: 2}
        assert names_in(cache) == ["mnist", f"mnist/{IMAGES}", f"mnist/{LABELS}"]


class TestCache:
    """A cache that is not as it should be."""

    @pytest.mark.parametrize("name", ["mnist", "cifar"])
    def test_half_a_file_is_not_used(self, request, mirror, cache, name):
        data_set = request.getfixturevalue(name)
        data_set()
        files = [path for path in cache.rglob("*") if path.is_file()]
        for file in files:
            file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
        with pytest.raises(FileNotFoundError, match="TINYTORCH_DATA"):
            data_set(download=False)
        assert np.array_equal(data_set().labels, data_set(download=False).labels)
        assert tiny.sha256({file.name: file.read_bytes() for file in files}) == {
            file.name: data_set.source.sha256[file.name] for file in files
        }

    def test_what_a_killed_process_left_is_not_used(self, mnist, cache):
        write(cache / "mnist" / "partial-x", {IMAGES: b"half"})
        assert_is_mnist(mnist())

    def test_what_a_killed_process_left_is_removed_once_nobody_writes_to_it(self, mnist, cache):
        for name in ("partial-old", "partial-new"):
            write(cache / "mnist" / name, {IMAGES: b"half"})
        for path in (cache / "mnist" / "partial-old", *(cache / "mnist" / "partial-old").iterdir()):
            os.utime(path, (0, 0))
        os.utime(cache / "mnist" / "partial-new", (0, 0))  # the file in it is young
        mnist()
        assert names_in(cache) == [
            "mnist",
            "mnist/partial-new",
            f"mnist/partial-new/{IMAGES}",
            f"mnist/{IMAGES}",
            f"mnist/{LABELS}",
        ]

    def test_a_full_disk(self, mnist, cache, monkeypatch):
        class Full(io.FileIO):
            def write(self, data):
                super().write(data[: len(data) // 2])
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr("pooch.downloaders.open", Full, raising=False)
        with pytest.raises(OSError, match="cannot write") as error:
            mnist()
        assert error.value.errno == errno.ENOSPC
        says(error, os.strerror(errno.ENOSPC), cache / "mnist", "make room", "TINYTORCH_DATA")
        assert names_in(cache) == ["mnist"]

    @pytest.mark.parametrize("place", ["mkdir", "mkdtemp"])
    @pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS])
    def test_a_cache_that_may_not_be_written_to(self, mnist, cache, monkeypatch, place, number):
        def refuse(*_, **__):
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(pathlib.Path if place == "mkdir" else tempfile, place, refuse)
        with pytest.raises(OSError, match="cannot write") as error:
            mnist()
        assert isinstance(error.value, PermissionError) is (number == errno.EACCES)
        says(error, os.strerror(number), cache / "mnist", "allow writing", "TINYTORCH_DATA")

    def test_a_file_in_place_of_the_cache(self, mnist, cache):
        cache.write_text("", encoding="utf-8")
        with pytest.raises(OSError, match="cannot write") as error:
            mnist()
        says(error, cache / "mnist", "TINYTORCH_DATA")

    def test_a_whole_cache_need_not_be_written_to(self, mnist, monkeypatch):
        mnist()
        monkeypatch.setattr(tempfile, "mkdtemp", None)
        assert_is_mnist(mnist())

    @pytest.mark.parametrize("whole", [True, False])
    def test_a_file_that_another_process_reads(self, mnist, downloads, cache, monkeypatch, whole):
        """Windows does not let it be replaced, which does no harm if it is whole."""

        def busy(arrived, target):
            target.write_bytes(arrived.read_bytes() if whole else b"half")
            raise PermissionError(errno.EACCES, "it is in use")

        monkeypatch.setattr(downloads.os, "replace", lambda *files: busy(*map(pathlib.Path, files)))
        if whole:
            assert_is_mnist(mnist())
        else:
            with pytest.raises(PermissionError, match=r"in use.*TINYTORCH_DATA"):
                mnist()
