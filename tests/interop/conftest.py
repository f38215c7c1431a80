"""The framework under PyTorch's name, for tests that read like its users' programs."""

from __future__ import annotations

from importlib import import_module

import pytest

from pytest_tinytorch.evidence import implementation, importing
from tests.interop.exchange import FOLDER
from tests.support import kit


@pytest.fixture(scope="module")
def torch():
    importing.install_finder(implementation.Implementation(kit.REFERENCE, kit.REFERENCE))
    try:
        yield import_module("tinytorch")
    finally:
        importing.uninstall_finder()


@pytest.fixture
def nn(torch):
    return torch.nn


@pytest.fixture
def results(torch):
    return {
        name: tensor.numpy() for name, tensor in torch.load(FOLDER / "results.safetensors").items()
    }
