"""Versions of what is installed: the same as Python finds, read more quickly."""

from __future__ import annotations

from importlib.metadata import distributions

import pytest

from pytest_tinytorch.kit.installed import field_in, version_of

HEADER = (
    "Metadata-Version: 2.4\nName: some-package \nVersion:\t1.2.3rc1\n\nName: another\nVersion: 9\n"
)


def test_all_that_is_installed_is_as_python_finds_it():
    found = [*distributions()]
    assert len(found) > 10
    for one in found:
        assert field_in(one.read_text, "Version") == one.version
        assert field_in(one.read_text, "Name") == one.metadata["Name"]


@pytest.mark.parametrize("file", ["METADATA", "PKG-INFO", ""])
def test_the_header_counts_wherever_it_is(file):
    texts = {file: HEADER.replace("\n", "\r\n"), "RECORD": ""}
    assert field_in(texts.get, "Version") == "1.2.3rc1"
    assert field_in(texts.get, "name") == "some-package"


@pytest.mark.parametrize("text", [None, "", "Metadata-Version: 2.4\nNames: x\n"])
def test_what_is_not_said_is_empty(text):
    assert field_in({"METADATA": text}.get, "Name") == ""


def test_what_is_not_installed_has_no_version():
    assert version_of("no-such-package") is None
