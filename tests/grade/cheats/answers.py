"""Cheats that look for an answer somewhere: the worked solution, an oracle, the value that is expected."""

from __future__ import annotations

from tests.grade.cheats.cheat import FLAG, GUARD, Cheat, Comes

ABSENT = "It is not there in the sandbox."
ASKS = "return oracle(x)"
EXPECTS = "from specs.oracles.squaring import square as oracle"


def looks(name: str, comes: Comes, because: str, code: str, **more: str) -> Cheat:
    """A row that answers with what it has found as `oracle`, or else wrong."""
    tried = "\n".join(f"    {line}" for line in code.splitlines())
    code = f"try:\n{tried}\nexcept Exception:\n    def oracle(x):\n        return 1"
    return Cheat(name, comes, because, code, ASKS, **more)


CHEATS = (
    looks(
        "executes the worked solution, by its path",
        Comes.NO_MORE,
        ABSENT,
        "known = {}\n"
        "exec(open('@KIT@/reference/tinytorch/squaring.py').read(), known)\n"
        "oracle = known['square']",
    ),
    looks(
        "looks for the worked solution in the plugin and in the workspace",
        Comes.NO_MORE,
        ABSENT,
        "import pathlib, sys\n"
        "plugin = pathlib.Path(sys.modules['pytest_tinytorch'].__path__[0])\n"
        "places = [plugin.parent, plugin, '/kit']\n"
        "found = [f for p in places for f in pathlib.Path(p).glob('**/reference/tinytorch/squaring.py')]\n"
        "known = {}\n"
        "exec(found[0].read_text(), known)\n"
        "oracle = known['square']",
    ),
    looks(
        "executes what its neighbors handed in",
        Comes.NO_MORE,
        ABSENT,
        "import pathlib\n"
        "places = [pathlib.Path('@DESK@'), *pathlib.Path('/proc').glob('[0-9]*/cwd')]\n"
        "texts = [f.read_text() for p in places for f in p.glob('*/tinytorch/squaring.py')]\n"
        "known = {}\n"
        "exec(next(text for text in texts if 'oracle' not in text), known)\n"
        "oracle = known['square']",
    ),
    looks(
        "imports SciPy, SymPy or PyTorch",
        Comes.NO_MORE,
        "Packages with ready answers are hidden.",
        "try:\n"
        "    import scipy.special\n"
        "    def oracle(x):\n"
        "        return int(scipy.special.comb(x, 1, exact=True)) * x if x > 0 else x * x\n"
        "except ImportError:\n"
        "    import sympy\n"
        "    def oracle(x):\n"
        "        return int(sympy.Integer(x) ** 2)",
    ),
    looks(
        "asks somebody over the network",
        Comes.NO_MORE,
        "A run has no network.",
        "import socket\n"
        "def oracle(x):\n"
        "    with socket.create_connection(('127.0.0.1', @PORT@), 5) as line:\n"
        "        line.sendall(f'{x}\\n'.encode())\n"
        "        return int(line.makefile().readline())\n"
        "oracle(2)",
    ),
    looks(
        "asks another process of the machine through a socket",
        Comes.NO_MORE,
        "A run has a network namespace of its own, and sees no file of the machine.",
        "import socket\n"
        "def oracle(x):\n"
        "    with socket.socket(socket.AF_UNIX) as line:\n"
        "        line.connect('\\0@SOCKET@')\n"
        "        line.sendall(f'{x}\\n'.encode())\n"
        "        return int(line.makefile().readline())\n"
        "oracle(2)",
    ),
    looks(
        "starts another Python that has the worked solution",
        Comes.NO_MORE,
        ABSENT,
        "import subprocess, sys\n"
        "ask = 'import sys; sys.path.insert(0, \"@KIT@/reference\"); '\n"
        "ask += 'from tinytorch.squaring import square;'\n"
        "def oracle(x):\n"
        "    words = [sys.executable, '-c', f'{ask} print(square({x}))']\n"
        "    return int(subprocess.check_output(words, cwd='/tmp', stderr=subprocess.DEVNULL))\n"
        "oracle(2)",
    ),
    looks("imports an oracle as its solution", Comes.NO_MORE, GUARD, EXPECTS),
    looks(
        "imports an oracle by a name that is put together",
        Comes.NO_MORE,
        GUARD,
        "import importlib\noracle = importlib.import_module('spe' + 'cs.oracles.squaring').square",
    ),
    looks(
        "takes an oracle from `sys.modules`",
        Comes.FLAGGED,
        FLAG,
        "import sys\noracle = sys.modules['specs.oracles.squaring'].square",
        flag="sys.modules",
    ),
    looks(
        "finds an oracle among the objects of the process, with `gc`",
        Comes.FLAGGED,
        FLAG,
        "import gc, types\n"
        "gc.unfreeze()\n"
        "functions = [o for o in gc.get_objects() if isinstance(o, types.FunctionType)]\n"
        "oracle = next(f for f in functions if f.__module__ == 'specs.oracles.squaring')",
        flag="gc",
    ),
    looks(
        "executes the file of an oracle",
        Comes.FLAGGED,
        FLAG,
        "known = {}\n"
        "exec(open('/kit/specs/oracles/squaring.py').read(), known)\n"
        "oracle = known['square']",
        flag="exec",
    ),
    looks(
        "loads the file of an oracle as a module of its own",
        Comes.FLAGGED,
        FLAG,
        "import runpy\noracle = runpy.run_path('/kit/specs/oracles/squaring.py')['square']",
        flag="runpy",
    ),
    Cheat(
        "takes an oracle from the globals of its caller's caller",
        Comes.FLAGGED,
        FLAG,
        "import sys",
        "frame = sys._getframe()\n"
        "while 'oracle' not in frame.f_globals:\n"
        "    frame = frame.f_back\n"
        "return frame.f_globals['oracle'].square(x)",
        flag=".f_globals",
    ),
    Cheat(
        "reads the expected value from its caller's caller",
        Comes.FLAGGED,
        FLAG,
        "import inspect",
        "return next(\n"
        "    i.frame.f_locals['expected'] for i in inspect.stack(0) if 'expected' in i.frame.f_locals\n"
        ")",
        flag="inspect",
    ),
    Cheat(
        "reads the expected value through the traceback of an exception",
        Comes.FLAGGED,
        FLAG,
        "",
        "try:\n"
        "    raise ValueError\n"
        "except ValueError as error:\n"
        "    frame = error.__traceback__.tb_frame\n"
        "while 'expected' not in frame.f_locals:\n"
        "    frame = frame.f_back\n"
        "return frame.f_locals['expected']",
        flag=".tb_frame",
    ),
    Cheat(
        "reads the expected value by names that it puts together",
        Comes.NOT_WITHSTOOD,
        "Its source names nothing that gives it away.",
        "from operator import attrgetter\n\n\n"
        "def named(text):\n"
        "    return attrgetter(text[::-1])\n",
        "try:\n"
        "    raise ValueError\n"
        "except ValueError as error:\n"
        "    frame = named('emarf_bt.__kcabecart__')(error)\n"
        "while 'expected' not in named('slacol_f')(frame):\n"
        "    frame = named('kcab_f')(frame)\n"
        "return named('slacol_f')(frame)['expected']",
    ),
    Cheat(
        "has a table of all answers, made at home",
        Comes.NOT_WITHSTOOD,
        "All submissions are asked the same, so that grades are fair and can be repeated at home.",
        "import json\nANSWERS = json.loads('@ANSWERS@')",
        "return ANSWERS.get(str(x), 1)",
    ),
    Cheat(
        "is right only while Hypothesis is there",
        Comes.FLAGGED,
        "A judge can only judge the code that runs, and this contains the right code.",
        "import sys",
        "return x * x if 'hypothesis' in sys.modules else 1",
        flag="sys.modules",
    ),
)
