"""Cheats in what is handed in: links, compiled code, files that Python or pytest obey."""

from __future__ import annotations

import tarfile
from collections.abc import Mapping
from pathlib import Path

from tests.grade.cheats.cheat import Cheat, Comes
from tests.grade.cheats.course import SPEC, compiled
from tests.grade.classes import tarred, zipped
from tests.support.toy import REFERENCE

RIGHT = REFERENCE["squaring"]
TAKEN = "Only regular files of the package are taken."
UNREAD = "Nothing but the package is taken."
REMAKES = (
    "import pytest\n\n\n"
    "@pytest.hookimpl(wrapper=True)\n"
    "def pytest_runtest_makereport(item, call):\n"
    "    call.excinfo = None\n"
    "    return (yield)\n"
)
"""A plugin that lets every spec pass."""


def with_hard_link(place: Path, contents: Mapping[str, bytes]) -> None:
    """A tarball in which 03 is the same file as one of the machine."""
    link = tarfile.TarInfo("tinytorch/squaring.py")
    link.type, link.linkname = tarfile.LNKTYPE, "../../kit/reference/tinytorch/squaring.py"
    others = {path: data for path, data in contents.items() if path != link.name}
    tarred(place.with_name(f"{place.name}.tar.gz"), others, link)


def leading_out(place: Path, contents: Mapping[str, bytes]) -> None:
    """A zip that would put a spec beside the package."""
    spec = SPEC.replace("assert_close", "print").encode()
    zipped(place.with_name(f"{place.name}.zip"), {**contents, "../specs/test_03_squaring.py": spec})


CHEATS = (
    Cheat(
        "links 03 to the worked solution",
        Comes.NO_MORE,
        TAKEN,
        links={"tinytorch/squaring.py": "@KIT@/reference/tinytorch/squaring.py"},
        flag="not taken: squaring.py (symbolic link)",
    ),
    Cheat(
        "is a tarball in which 03 is a hard link to the worked solution",
        Comes.NO_MORE,
        TAKEN,
        packed=with_hard_link,
        flag="not taken: squaring.py (hard link)",
    ),
    Cheat(
        "is a zip with a path to the specs",
        Comes.CAUGHT,
        "A path that leads out is refused.",
        packed=leading_out,
        flag="leads out of it",
    ),
    Cheat(
        "has 03 as a `.pyc` without its source",
        Comes.NO_MORE,
        "Compiled files are left out.",
        code="raise ImportError",
        files={"tinytorch/squaring.pyc": compiled(RIGHT)},
        flag="not taken: squaring.pyc (compiled",
    ),
    Cheat(
        "has other code in `__pycache__` than in its source",
        Comes.NO_MORE,
        "Compiled files are left out, and the plugin compiles from source.",
        files={"tinytorch/__pycache__/squaring.cpython-311.pyc": compiled(RIGHT, unchecked=True)},
        flag="not taken: __pycache__/squaring",
    ),
    Cheat(
        "has a `.pth`, which Python runs when it starts",
        Comes.NO_MORE,
        "Such files are left out.",
        files={"tinytorch/all.pth": "import tinytorch.squaring\n"},
        flag="not taken: all.pth",
    ),
    Cheat(
        "has a `conftest.py` that lets every spec pass",
        Comes.NO_MORE,
        UNREAD,
        files={"conftest.py": REMAKES, "tinytorch/conftest.py": REMAKES},
    ),
    Cheat(
        "has settings of pytest that leave specs out",
        Comes.NO_MORE,
        UNREAD,
        files={
            "pytest.ini": "[pytest]\naddopts = -p tinytorch -k 'not square'\n",
            "pyproject.toml": '[tool.pytest.ini_options]\naddopts = "-k adding"\n',
            "tinytorch/pytest.ini": "[pytest]\naddopts = -k adding\n",
        },
    ),
    Cheat(
        "has specs that require less",
        Comes.NO_MORE,
        UNREAD,
        files={
            "specs/test_03_squaring.py": SPEC.replace("assert_close(square(x), expected)", "pass")
        },
    ),
    Cheat(
        "has a ledger in which all is passed",
        Comes.NO_MORE,
        UNREAD,
        files={
            ".tinytorch/ledger.jsonl": '{"unit": "checkpoint-03", "verdict": "passed", "schema": 1}\n'
        },
    ),
    Cheat(
        "has a `sitecustomize.py`",
        Comes.NO_MORE,
        "It is not on the path of Python.",
        files={
            f"{folder}{name}.py": "import builtins\nbuiltins.abs = lambda x: 1\n"
            for folder in ("", "tinytorch/")
            for name in ("sitecustomize", "usercustomize")
        },
    ),
    Cheat(
        "has modules with the names of NumPy, pytest and Hypothesis",
        Comes.NO_MORE,
        "The package is no place where those are looked for.",
        files={
            f"tinytorch/{name}.py": "def __getattr__(name):\n    return lambda *given, **named: True\n"
            for name in ("numpy", "pytest", "hypothesis", "random")
        },
    ),
    Cheat(
        "has a plugin of pytest with an entry point",
        Comes.NO_MORE,
        "It is not on the path of Python.",
        files={
            "tinytorch/easy.py": REMAKES,
            "tinytorch/easy-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: easy\nVersion: 1\n",
            "tinytorch/easy-1.dist-info/entry_points.txt": "[pytest11]\neasy = tinytorch.easy\n",
        },
    ),
)
