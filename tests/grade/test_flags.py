"""What a person should look at is found, with its place; ordinary work has nothing of it."""

from __future__ import annotations

import ast

import pytest

from pytest_tinytorch.evidence.implementation import GIVEN
from pytest_tinytorch.grade import flags, watched
from pytest_tinytorch.grade.flags import Flag, flags_of
from tests.grade import likeness
from tests.grade.cheats.results import CHEATS, FORGE
from tests.support import kit
from tests.support.long import one_in

FOUND = {
    "import torch": "torch",
    "from torch.nn import functional as F": "torch",
    "import jax.numpy as np": "jax",
    "from scipy import special": "scipy",
    "from scipy.signal import convolve": "scipy",
    "def f(x):\n    import sklearn.linear_model": "sklearn",
    "from sys import modules": "sys.modules",
    "import sys as s\ns.modules['numpy']": "sys.modules",
    "import sys\nx = sys\ny = x\ny.modules": "sys.modules",
    "import sys\ndef f():\n    global x\n    x = sys\nf()\ny = x\ny.modules": "sys.modules",
    "import sys\ngetattr(sys, 'modules')": "sys.modules",
    "import sys\ngetattr(sys, 'mod' + 'ules')": "sys.modules",
    "import sys\ngetattr(sys, f'mod{\"ules\"}')": "sys.modules",
    "import sys\nvars(sys)['modules']": "sys.modules",
    "import sys\nsys.__dict__['modules']": "sys.modules",
    "from tinytorch import tensor\ntensor.sys.modules": "sys.modules",
    "from . import tensor\ntensor.sys.modules": "sys.modules",
    "import sys\nname = input()\ngetattr(sys, name)": "reads sys by a computed name",
    "import gc as g\ng.get_objects()": "gc",
    "import inspect": "inspect",
    "import sys\nsys._getframe(1)": "sys._getframe",
    "try:\n    f()\nexcept E as error:\n    error.__traceback__.tb_frame.f_locals": ".f_locals",
    "getattr(frame, 'f_back')": ".f_back",
    "f.__globals__['x']": ".__globals__",
    "().__class__.__base__.__subclasses__()": ".__subclasses__",
    "import ctypes": "ctypes",
    "eval('1')": "eval",
    "run = exec\nrun(text)": "exec",
    "import builtins\nbuiltins.exec(text)": "builtins",
    "__builtins__['exec'](text)": "__builtins__",
    "compile(text, 'f', 'exec')": "compile",
    "__import__('torch')": "torch",
    "from importlib import import_module as load\nload('specs.oracles')": "specs",
    "import pickle": "pickle",
    "import os\nos._exit(0)": "os._exit",
    "from os import fork": "os.fork",
    "import subprocess": "subprocess",
    "from signal import SIGKILL": "signal",
    "import atexit": "atexit",
    "import threading": "threading",
    "from concurrent.futures import ThreadPoolExecutor": "concurrent",
    "import socket": "socket",
    "import sys\nsys.setprofile(f)": "sys.setprofile",
    "import sys\nsys.settrace(f)": "sys.settrace",
    "import sys\nsys.meta_path.insert(0, f)": "sys.meta_path",
    "open('out.txt', 'w')": "writes with open",
    "open(path, mode=kind)": "writes with open",
    "from pathlib import Path\nPath('a').open('a')": "writes with open",
    "from pathlib import Path\nPath('a').write_text('x')": ".write_text",
    "import os\nos.replace(a, b)": "os.replace",
    "import numpy as np\nnp.save('x', y)": "numpy.save",
    "import numpy as np\nnp.allclose = f": "changes numpy.allclose",
    "import numpy as np\nnp.testing.assert_allclose, x = f, 1": "changes numpy.testing.assert_allclose",
    "import numpy as np\nsetattr(np, name, f)": "changes numpy",
    "import numpy as np\ndel np.allclose": "changes numpy.allclose",
    "import math\nmath.__dict__['exp'] = f": "changes math.exp",
    "from tinytorch import tensor as t\nt.np.exp = f": "changes tinytorch.tensor.np.exp",
    "import builtins\nbuiltins.len = f": "changes builtins.len",
    "from specs import oracles": "specs",
    "import pytest": "pytest",
    "from hypothesis import settings": "hypothesis",
    "import_it('specs.oracles.activations')": "names 'specs.oracles.activations'",
    "f = open('/out/progress.json')": "names '/out/progress.json'",
    "import os\nos.environ['PYTEST_CURRENT_TEST']": "names 'PYTEST_CURRENT_TEST'",
    "from pathlib import Path\nPath(__file__).parents": "__file__",
}
"""Each source to a flag that it has."""
CLEAN = (
    '"""About sys.modules, exec and torch."""\nX = 1',
    "def f(x):\n    'import torch'\n    return x",
    "import sys\nsys.float_info.max",
    "import re\nre.compile('a')",
    "model.eval()",
    "def compile(x):\n    return x\n\ncompile(1)",
    "open('a')",
    "open('a', 'rb')",
    "import numpy as np\nout = np.zeros(3)\nout[0] = 1\nnp.trace(out)",
    "self.code = signal",
    "import numpy as np\nx.data = np.ones(3)",
    "from tinytorch.tensor import Tensor\nTensor.twice = lambda self: self + self",
    "'a'.replace('b', 'c')",
    "getattr(row, by)",
    "def save(path: str | Path):\n    Path(path).write_text('x')",
)


def found(source, given=""):
    return flags_of({"own.py": source.encode()}, {"own.py": given.encode()})


@pytest.mark.parametrize("source", FOUND)
def test_is_found_where_it_is(source):
    ast.parse(source)
    whats = {flag.what: flag for flag in found(source)}
    assert FOUND[source] in whats
    flag = whats[FOUND[source]]
    word = flag.what.split()[-1].strip("'").split(".")[-1]
    lines = source.splitlines()
    assert flag.file == "own.py"
    assert word[:3] in lines[flag.line - 1] or flag.line == len(lines)
    assert flag.why


@pytest.mark.parametrize("source", CLEAN)
def test_ordinary_code_has_no_flags(source):
    ast.parse(source)
    assert found(source) == ()


@pytest.mark.parametrize("unit", kit.modules(), ids=lambda unit: unit.name)
def test_right_solutions_have_no_flags(unit):
    name = f"{unit.name}.py"
    for modules in (likeness.reference(), likeness.independent(), likeness.given()):
        assert flags_of({name: modules[name]}, likeness.given()) == ()


FORGERIES = [cheat for cheat in CHEATS if cheat.code.startswith(FORGE)]


@pytest.mark.parametrize("cheat", FORGERIES, ids=lambda cheat: cheat.name)
def test_every_attempt_to_forge_has_flags(cheat):
    assert len(found(cheat.code)) >= 2


def test_places_are_those_of_the_student():
    given = "import sys\nsys.modules[__name__].__class__ = C\n"
    assert found(given + "x = 1\n", given) == ()
    (flag,) = found(f"\n{given}x = sys.modules['numpy']\ny = sys.modules['math']\n", given)
    assert flag == Flag("own.py", 4, "sys.modules", watched.INNER, more=1)
    assert flag.text == "own.py:4 sys.modules (2 places)"


def test_what_runs_on_import_may_not_write_even_where_an_exercise_does():
    saves = "def save(path: str | Path):\n    Path(path).write_text('x')\n\n\n"
    assert [flag.line for flag in found(saves + "Path('a').write_text('x')\n")] == [5]


PLAIN = b"def f(x):\n    return x\n"


class TestGiven:
    FILE = "functional.py"

    def test_files_that_are_as_they_were_are_not_looked_at(self):
        given = {self.FILE: b"import torch\n"}
        assert flags_of(given, given) == ()
        assert flags_of({self.FILE: b"import torch\r\n"}, given) == ()

    def test_files_that_only_look_otherwise_are_the_same(self):
        assert self.FILE.removesuffix(".py") in GIVEN
        assert (
            flags_of({self.FILE: b"# mine\ndef f(x):\n\n    return (x)\n"}, {self.FILE: PLAIN})
            == ()
        )

    def test_files_that_do_something_else_are_flagged(self):
        (flag,) = flags_of({self.FILE: b"def f(x):\n    return -x\n"}, {self.FILE: PLAIN})
        assert (flag.file, flag.what) == (self.FILE, "differs from the kit's file")

    def test_functions_that_do_something_else_are_flagged(self):
        tensor = likeness.reference()["tensor.py"].decode()
        stub = likeness.given()
        before = "return binary(eq, self, other)"
        assert tensor.count(before) == 1
        changed = tensor.replace(before, "return AlwaysTrue()").encode()
        (flag,) = flags_of({"tensor.py": changed}, stub)
        assert flag.what == "changes given code: Tensor.__eq__"
        assert changed.decode().splitlines()[flag.line - 1].startswith("    def __eq__")


class TestHostile:
    @pytest.mark.parametrize(
        ("source", "what"),
        [
            (b"x = " + b"-" * 100_000 + b"1", ""),
            (b"x = a" + b".b" * 60_000, "no ordinary source"),
            (b"x = " + b"+".join([b"a"] * 500), "is nested 150"),
            (b"x = " + b"(" * 100_000, ""),
            (b"x = 1\0", ""),
            (b"x = '" + b"a" * flags.LARGEST_FILE + b"'", "is large"),
            (b"x = \xff", ""),
            (b"# -*- coding: no-such-thing -*-\n", ""),
        ],
        ids=["signs", "dots", "sums", "parentheses", "null", "large", "bytes", "coding"],
    )
    def test_source_is_survived(self, source, what):
        found = flags_of({"own.py": source}, {})
        assert all("own.py" in flag.text for flag in found)
        if what:
            assert what in found[0].what

    def test_source_is_read_in_its_own_coding(self):
        source = b"# -*- coding: utf-7 -*-\nimport +AHQ-orch\n"
        assert [flag.what for flag in flags_of({"own.py": source}, {})] == ["torch"]

    def test_many_flags_are_a_few_lines(self):
        files = {f"f{n}.py": b"import gc\nimport os\nos.fork()\n" for n in range(200)}
        found = flags_of(files, {})
        assert len(found) == flags.MOST + 1
        assert found[-1].what == "and 300 more flags"

    def test_many_files_are_looked_at_up_to_a_size(self):
        text = b"import gc\n" + b"#" * 200_000
        found = flags_of({f"f{n:02}.py": text for n in range(20)}, {})
        assert {flag.what.split(":")[0] for flag in found} == {"gc", "is large"}

    def test_other_files_are_left_alone(self):
        assert flags_of({"a.txt": b"import torch", "b.json": b"\xff"}, {}) == ()


def test_every_reason_is_used():
    reasons = {why for source in FOUND for why in (flag.why for flag in found(source))}
    whys = {*watched.MODULES.values(), *watched.BUILTINS.values(), *watched.ATTRIBUTES.values()}
    assert reasons >= whys | {watched.JUDGES, watched.CHANGES}


@pytest.mark.parametrize("name", one_in(5, sorted(watched.MODULES)))
def test_every_watched_name_is_found(name):
    module, _, inner = name.rpartition(".")
    source = f"from {module} import {inner}" if module else f"import {name} as x"
    assert [flag.what for flag in found(source)] == [name]
