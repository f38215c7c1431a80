"""Specs of 00 environment: what must be ready before the first module."""

import hashlib
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, entry_points, requires, version
from pathlib import Path

import numpy as np
import pytest

from specs.laws import expect

ROOT = Path(__file__).parents[1]
INSTALL = "python -m pip install -e ."
PACKAGES = {
    "pytest": (8, 2),
    "hypothesis": (6, 100),
    "numpy": (2, 0),
    "pytest-timeout": (2, 3),
    "pytest-benchmark": (4, 0),
    "pytest-xdist": (3, 6),
    "rich": (13, 7),
    "pluggy": (1, 5),
    "safetensors": (0, 4),
}


class TestPython:
    """Python"""

    def test_is_new_enough(self):
        """Python is 3.11 or newer."""
        found = ".".join(map(str, sys.version_info[:3]))
        expect(sys.version_info >= (3, 11), "Python 3.11 or newer", f"{found} at {sys.executable}")


class TestPackages:
    """packages"""

    @pytest.mark.parametrize("package", PACKAGES)
    def test_is_installed(self, package):
        """Each package the kit is built on is installed and new enough."""
        wanted = ".".join(map(str, PACKAGES[package]))
        try:
            found = version(package)
        except PackageNotFoundError:
            found = "nothing"
        parts = tuple(int(part) for part in found.split(".")[:2] if part.isdecimal())
        expect(parts >= PACKAGES[package], f"{package} {wanted} or newer: run `{INSTALL}`", found)

    def test_numpy_promotes_by_kind(self):
        """float32 times a Python number stays float32, as NumPy 2 does it."""
        found = (np.ones(1, np.float32) * 2.5).dtype
        expect(found == np.float32, f"float32: run `{INSTALL}`", str(found))


class TestPlugin:
    """the pytest plugin"""

    def test_is_what_its_name_resolves_to(self):
        """`-p tinytorch` is the plugin, not the package that you write."""
        found = [point.value for point in entry_points(group="pytest11", name="tinytorch")]
        expect(
            "pytest_tinytorch.plugin" in found,
            f"the entry point pytest_tinytorch.plugin: run `{INSTALL}` in {ROOT}",
            str(found),
        )

    def test_declares_what_it_needs(self):
        """The installed plugin asks for every package of this list."""
        declared = " ".join(requires("pytest-tinytorch") or [])
        missing = [package for package in PACKAGES if package not in declared]
        expect(not missing, f"all of them declared: run `{INSTALL}`", f"{missing} left out")


class TestPackageOfYours:
    """the package you write"""

    def test_is_imported_without_its_modules(self):
        """`import tinytorch` succeeds and imports no module: one that is broken harms no other."""
        code = (
            f"import sys; sys.path.insert(0, {str(ROOT)!r}); import tinytorch;"
            "print([name for name in sys.modules if name.startswith('tinytorch.')])"
        )
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        expect(done.returncode == 0, "an import that succeeds", done.stderr.strip())
        expect(done.stdout.strip() == "[]", "no module imported", done.stdout.strip())


class TestData:
    """the data that ships"""

    def test_is_whole(self):
        """Each file of datasets/ has the SHA-256 that stands in the SHA256SUMS beside it."""
        lists = sorted((ROOT / "datasets").glob("*/SHA256SUMS"))
        expect(bool(lists), f"a SHA256SUMS in {ROOT / 'datasets'}: restore it from the kit", "none")
        for sums in lists:
            for line in sums.read_text(encoding="utf-8").splitlines():
                wanted, _, name = line.partition("  ")
                file = sums.parent / name
                found = (
                    hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else "no file"
                )
                expect(found == wanted, f"{file} as it was shipped: restore it", found)
