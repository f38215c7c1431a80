"""The order of the tests; and fixtures on MNIST and CIFAR-10: tiny data, a mirror, a cache, a folder."""

from __future__ import annotations

import sys
from importlib import import_module

import pytest

from pytest_tinytorch.evidence.importing import Finder
from tests.support import imageserver as tiny
from tests.support import kit
from tests.support.imageserver import small, write


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes a minute or more, so it begins first")


def pytest_collection_modifyitems(items):
    """What takes minutes comes first: at the end one worker would wait for it alone."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def modules():
    """Modules of the package under test that are imported now, by name."""
    return {name: m for name, m in sys.modules.items() if name.partition(".")[0] == "tinytorch"}


@pytest.fixture(scope="module")
def reference():
    """The worked `tinytorch`, whatever the package under test is."""
    others = [finder for finder in sys.meta_path if not isinstance(finder, Finder)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "meta_path", others)
        patch.syspath_prepend(str(kit.REFERENCE))
        for name in modules():
            patch.delitem(sys.modules, name)
        yield import_module("tinytorch")
        for name in modules():
            del sys.modules[name]


@pytest.fixture(scope="module")
def datasets(reference):
    return import_module("tinytorch.datasets")


@pytest.fixture
def downloads(datasets):
    return sys.modules["tinytorch.downloads"]


@pytest.fixture
def cache(downloads, monkeypatch, tmp_path):
    """A cache of its own for a test, and neither proxy nor waiting."""
    monkeypatch.delenv("TINYTORCH_DATA", raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(downloads, "PAUSE", 0)
    monkeypatch.setattr(downloads, "cache", lambda: tmp_path / "cache")
    return tmp_path / "cache"


@pytest.fixture
def mirror():
    """A server with the files of both data sets."""
    with tiny.Mirror(tiny.mnist_files() | {tiny.ARCHIVE: tiny.cifar_archive()}) as running:
        yield running


@pytest.fixture
def mnist(datasets, mirror):
    return small(datasets.MNIST, tiny.MNIST_RECORDS, mirror)


@pytest.fixture
def cifar(datasets, mirror):
    return small(datasets.CIFAR10, tiny.CIFAR_RECORDS, mirror)


@pytest.fixture
def own(monkeypatch, tmp_path):
    """A folder of the user's own, which TINYTORCH_DATA names, with both data sets."""
    write(tmp_path / "own" / "mnist", tiny.mnist_files())
    write(tmp_path / "own" / "cifar-10-batches-bin", tiny.cifar_files())
    monkeypatch.setenv("TINYTORCH_DATA", str(tmp_path / "own"))
    return tmp_path / "own"
