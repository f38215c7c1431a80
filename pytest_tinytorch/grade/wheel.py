"""The plugin as a wheel, made of what is installed here: of a checkout as well as of another wheel."""

from __future__ import annotations

import base64
from hashlib import sha256
from importlib.metadata import distribution
from pathlib import Path

from pytest_tinytorch.evidence.implementation import kit_home
from pytest_tinytorch.evidence.paths import SHIPPED
from pytest_tinytorch.grade.packing import packed
from pytest_tinytorch.kit.files import DISTRIBUTION, kit_files

PLUGIN = Path(__file__).parents[1]
LEFT_OUT = ("website", SHIPPED)
"""Folders of the plugin that are not copied: a checkout has the first, and an installed kit the second."""
TOLD = {
    "METADATA": ("METADATA", "PKG-INFO"),
    "entry_points.txt": ("entry_points.txt",),
    "licenses/LICENSE": ("licenses/LICENSE",),
}
"""What is said of the package itself: file to where that stands, in a wheel or in a checkout."""
FORM = "Wheel-Version: 1.0\nGenerator: pytest-tinytorch\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def wheel() -> tuple[str, bytes]:
    """The name of the wheel, and what is in it."""
    package = distribution(DISTRIBUTION)
    name = f"{DISTRIBUTION.replace('-', '_')}-{package.version}"
    about = f"{name}.dist-info"
    files = plugin_files()
    files |= {
        f"{about}/{part}": text.encode("utf-8")
        for part, places in TOLD.items()
        if (text := next(filter(None, map(package.read_text, places)), None))
    }
    files[f"{about}/WHEEL"] = FORM.encode("utf-8")
    record = f"{about}/RECORD"
    lines = [f"{path},{_digest(data)},{len(data)}\n" for path, data in sorted(files.items())]
    files[record] = "".join([*lines, f"{record},,\n"]).encode("utf-8")
    return f"{name}-py3-none-any.whl", packed(files)


def plugin_files() -> dict[str, bytes]:
    """Path in the wheel to content of each file of the plugin, and of the kit beside it."""
    own = {file.relative_to(PLUGIN): file for file in PLUGIN.rglob("*") if file.is_file()}
    kept = {path: file for path, file in own.items() if path.parts[0] not in LEFT_OUT}
    found = {
        f"{PLUGIN.name}/{path.as_posix()}": file.read_bytes()
        for path, file in kept.items()
        if "__pycache__" not in path.parts
    }
    shipped = kit_files(kit_home())
    return found | {
        f"{PLUGIN.name}/{SHIPPED}/{path}": file.read_bytes() for path, file in shipped.items()
    }


def _digest(data: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(sha256(data).digest()).rstrip(b"=").decode("ascii")
