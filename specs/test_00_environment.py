"""Specs of 00 environment: what must be ready before the first module."""

import hashlib
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, entry_points, requires
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from packaging.requirements import Requirement

from pytest_tinytorch.api import version_of
from specs.framework import lazy
from specs.laws import assert_dtype, assert_shape, expect

TinyDigits = lazy("datasets", "TinyDigits")

ROOT = Path(__file__).parents[1]
DISTRIBUTION = "pytest-tinytorch"
INSTALL = f"run `python -m pip install -e .` in {ROOT}"
RESTORE = "run `git checkout -- datasets`, or `tito update` in a workspace that `tito init` made"
FALLBACK = (
    *("pytest>=8.2", "hypothesis>=6.100", "numpy>=2.0", "rich>=13.7", "pluggy>=1.5"),
    "pooch>=1.8",
)
"""What is looked for while the kit itself is not installed and cannot say what it needs."""
SHIPPED = ("tinydigits", "tinytalks")


def needed():
    """What the kit is built on, optional extras left out."""
    try:
        asked = [Requirement(text) for text in requires(DISTRIBUTION) or ()]
    except PackageNotFoundError:
        asked = [Requirement(text) for text in FALLBACK]
    return [need for need in asked if need.marker is None or need.marker.evaluate({"extra": ""})]


def installed(package):
    """Its version; "nothing" if it is not there."""
    return version_of(package) or "nothing"


class TestPython:
    """Python"""

    def test_is_new_enough(self):
        """Python is 3.11 or newer."""
        found = ".".join(map(str, sys.version_info[:3]))
        wanted = "Python 3.11 or newer: make a virtual environment with such a Python"
        expect(sys.version_info >= (3, 11), wanted, f"{found} at {sys.executable}")


class TestPackages:
    """packages"""

    def test_are_installed(self):
        """Every package that the kit needs is installed, and new enough."""
        found = {need: installed(need.name) for need in needed()}
        poor = [
            f"{need.name} {has}, not {need.specifier}"
            for need, has in found.items()
            if has == "nothing" or not need.specifier.contains(has, prereleases=True)
        ]
        expect(not poor, f"all packages installed: {INSTALL}", "; ".join(poor))

    def test_numpy_promotes_by_kind(self):
        """float32 times a Python number stays float32, as in NumPy 2."""
        found = (np.ones(1, np.float32) * 2.5).dtype
        expect(found == np.float32, f"float32, as from NumPy 2 on: {INSTALL}", str(found))


class TestPlugin:
    """the pytest plugin"""

    def test_is_installed(self):
        """The kit itself is installed for the Python that runs."""
        found = installed(DISTRIBUTION)
        wanted = f"{DISTRIBUTION} installed for {sys.executable}: {INSTALL}"
        expect(found != "nothing", wanted, found)

    def test_is_what_its_name_resolves_to(self):
        """`-p tinytorch` is the plugin, not the package that you write."""
        found = {point.value for point in entry_points(group="pytest11", name="tinytorch")}
        wanted = f"the entry point pytest_tinytorch.plugin and no other: {INSTALL}"
        expect(found == {"pytest_tinytorch.plugin"}, wanted, ", ".join(sorted(found)) or "none")


class TestPackageOfYours:
    """the package you write"""

    def test_is_imported_without_its_modules(self):
        """`import tinytorch` succeeds and imports no module, so a broken one affects no other."""
        place = getattr(find_spec("tinytorch"), "origin", None)
        expect(place is not None, f"a folder tinytorch/ with __init__.py: look in {ROOT}", "none")
        folder = str(Path(str(place)).parents[1])
        code = (
            f"import sys; sys.path[:0] = {[folder, *sys.path]!r}; import tinytorch;"
            "print(*[name for name in sys.modules if name.startswith('tinytorch.')])"
        )
        done = subprocess.run(
            [sys.executable, "-S", "-c", code],  # the paths are those of this process
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        again = f"restore {place}, which is given"
        expect(done.returncode == 0, f"an import that succeeds: {again}", done.stderr.strip())
        expect(not done.stdout.strip(), f"no module imported: {again}", done.stdout.strip())


class TestData:
    """the data that ships"""

    @pytest.mark.parametrize("name", SHIPPED)
    def test_is_whole(self, name):
        """Each file of the data set has the SHA-256 listed in the SHA256SUMS beside it."""
        sums = ROOT / "datasets" / name / "SHA256SUMS"
        expect(sums.is_file(), f"{sums}: {RESTORE}", "no such file")
        text = sums.read_text(encoding="utf-8", errors="replace")
        listed = [line.split() for line in text.splitlines()]
        expect(bool(listed), f"a line for each file in {sums}: {RESTORE}", "an empty file")
        poor = [line for line in listed if len(line) != 2]
        expect(not poor, f"a SHA-256 and a file on each line of {sums}: {RESTORE}", str(poor))
        for wanted, file in listed:
            path = sums.with_name(file)
            found = (
                hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "no such file"
            )
            expect(found == wanted, f"{path} with the SHA-256 {wanted}: {RESTORE}", found)

    @pytest.mark.parametrize(("train", "count"), [(True, 1000), (False, 200)])
    def test_opens(self, train, count):
        """TinyDigits gives 1,000 images to train on and 200 to test, with a label each."""
        digits = TinyDigits(train=train)
        assert_shape(digits.images, (count, 1, 8, 8))
        assert_dtype(digits.images, np.float32)
        assert_shape(digits.labels, (count,))
