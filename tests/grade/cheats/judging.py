"""Cheats that change what judges them in the same process: laws, NumPy, Hypothesis, pytest, the plugin.

They take what judges from `sys.modules`, where it has to be; only some import it.
"""

from __future__ import annotations

from tests.grade.cheats.cheat import CANARY, FLAG, GUARD, VOID, Cheat, Comes

ELSEWHERE = "Results are made in another process, which never runs this code."
PYTEST = "import sys\npytest = sys.modules['pytest']\n"
PLUGIN = f"""{PYTEST}
import gc, os


class Easy:
    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item, call):
        call.excinfo = None
        return (yield)


gc.unfreeze()
[config] = [o for o in gc.get_objects() if type(o) is pytest.Config]
config.pluginmanager.register(Easy())
"""
FIRST_TIME = """once = f"/tmp/{hash((item.nodeid, call.when))}"
        if not os.path.exists(once):
            open(once, "w").close()
            call.excinfo = None"""
AHEAD = "A canary that must fail runs ahead of a spec of its name, so it passes in its place."
LIES = """
import sys


def lie(frame, event, argument):
    names = frame.f_locals
    if event == "call" and frame.f_code.co_name == "assert_close":
        names["got"] = names["expected"]
    return None
"""
COMPARISONS = """import numpy as np

np.allclose = np.array_equal = lambda *given, **named: True
np.isclose = lambda x, *given, **named: np.ones(np.shape(x), bool)
np.testing.assert_allclose = np.testing.assert_equal = lambda *given, **named: None
"""
LIAR = """import numpy as np


class Liar(np.ndarray):
    def __array_ufunc__(self, ufunc, method, *inputs, **named):
        shape = np.broadcast_shapes(*(np.shape(x) for x in inputs))
        return np.zeros(shape, bool) if ufunc is np.not_equal else np.ones(shape, bool)

    def __array_function__(self, function, types, given, named):
        return np.True_
"""
CALLER = """
import sys


def spec():
    frame = sys._getframe()
    while "oracle" not in frame.f_globals:
        frame = frame.f_back
    return frame.f_globals
"""


def voided(name: str, code: str, body: str = "return 1") -> Cheat:
    """A row that changes what judges all specs, so that a canary tells on it."""
    return Cheat(name, Comes.VOIDED, CANARY, code, body, flag=VOID)


def first_time(name: str, code: str) -> Cheat:
    """A row that changes what judges specs, but only for the first time that each of them runs."""
    return Cheat(name, Comes.VOIDED, AHEAD, code, flag=VOID)


def flagged(name: str, flag: str, code: str, body: str = "return 1") -> Cheat:
    """A row that changes what judges, but in a way that lets canaries be."""
    return Cheat(name, Comes.FLAGGED, FLAG, code, body, flag=flag)


def imported(name: str, code: str) -> Cheat:
    """A row that imports what judges."""
    return Cheat(name, Comes.NO_MORE, GUARD, code)


LAWS = (
    imported(
        "imports the laws, and makes `broken` do nothing",
        "import specs.laws\nspecs.laws.broken = lambda *given, **named: None",
    ),
    voided(
        "makes `laws.broken` do nothing",
        "import sys\nsys.modules['specs.laws'].broken = lambda *given, **named: None",
    ),
    first_time(
        "makes `laws.broken` do nothing, as often as two specs ask",
        "import sys\n"
        "laws, left = sys.modules['specs.laws'], [200]\n"
        "broken = laws.broken\n"
        "def easy(*given, **named):\n"
        "    left[0] -= 1\n"
        "    return broken(*given, **named) if left[0] < 0 else None\n"
        "laws.broken = easy",
    ),
    voided(
        "replaces the code of a law that it finds in the spec",
        CALLER,
        "spec()['assert_close'].__code__ = (lambda got, expected: None).__code__\nreturn 1",
    ),
    voided(
        "gives the spec a law that holds",
        "import sys\n"
        "spec = sys.modules['specs.test_03_squaring']\n"
        "spec.assert_close = lambda got, expected: None",
    ),
    flagged(
        "replaces the code of the spec, which it finds with `gc`",
        "gc",
        "import gc, types\n"
        "gc.unfreeze()\n"
        "for f in gc.get_objects():\n"
        "    if isinstance(f, types.FunctionType) and f.__code__.co_name.startswith('test_'):\n"
        "        if f.__code__.co_filename.startswith('/kit') and not f.__closure__:\n"
        "            f.__code__ = (lambda self, x: None).__code__",
    ),
    flagged(
        "makes an oracle as wrong as itself",
        "sys.modules",
        "import sys\nsys.modules['specs.oracles.squaring'].square = lambda x: 1",
    ),
    voided(
        "lets all of NumPy's comparisons hold",
        COMPARISONS,
    ),
    Cheat(
        "lets all of NumPy's comparisons hold, from `tinytorch/__init__.py`",
        Comes.VOIDED,
        CANARY,
        flag=VOID,
        files={"tinytorch/__init__.py": COMPARISONS},
    ),
    voided(
        "lets a thread change NumPy's comparisons while its function runs",
        "import threading, numpy as np\n"
        "def change():\n"
        "    np.isclose = lambda x, *given, **named: np.ones(np.shape(x), bool)",
        "thread = threading.Thread(target=change)\nthread.start()\nthread.join()\nreturn 1",
    ),
    voided(
        "changes what a law is given, with `sys.setprofile`",
        LIES,
        "sys.setprofile(lie)\nreturn 1",
    ),
    voided(
        "changes what a law is given, with `sys.settrace`",
        LIES,
        "sys.settrace(lie)\nreturn 1",
    ),
    Cheat(
        "lets `isinstance`, `abs`, `all`, `any` and `sum` lie",
        Comes.NO_MORE,
        "Laws ask NumPy, and names of Python's own are put back after each spec.",
        "import builtins",
        "builtins.isinstance = builtins.all = lambda *given: True\n"
        "builtins.any = lambda *given: False\n"
        "builtins.abs = builtins.sum = lambda *given: 1\n"
        "return 1",
    ),
    Cheat(
        "returns a number that equals everything",
        Comes.NO_MORE,
        "Laws compare values as NumPy has them.",
        "class Any(int):\n"
        "    __eq__ = __ge__ = __le__ = lambda self, other: True\n"
        "    __ne__ = __lt__ = __gt__ = lambda self, other: False\n"
        "    __hash__ = int.__hash__\n"
        "    __sub__ = __rsub__ = lambda self, other: 0",
        "return Any(1)",
    ),
    Cheat(
        "returns an array whose functions lie",
        Comes.NO_MORE,
        "Laws look at the array itself, whatever its class says.",
        LIAR,
        "return np.ones((), int).view(Liar)",
    ),
)
HYPOTHESIS = (
    voided(
        "lets Hypothesis run no example",
        "import sys\n"
        "engine = sys.modules['hypothesis.core'].StateForActualGivenExecution\n"
        "engine.run_engine = lambda self: setattr(self, 'ever_executed', True)",
    ),
    flagged(
        "lets Hypothesis draw nothing but zero",
        "sys.modules",
        "import sys\n"
        "data = sys.modules['hypothesis.internal.conjecture.data'].ConjectureData\n"
        "data.draw_integer = lambda self, *given, **named: 0",
        "return 0 if x == 0 else 1",
    ),
    Cheat(
        "loads a profile of Hypothesis with a single example",
        Comes.CAUGHT,
        "A run with fewer examples than a learner's grants nothing.",
        "import sys\n"
        "settings = sys.modules['hypothesis'].settings\n"
        "settings.register_profile('one', max_examples=1, database=None)\n"
        "settings.load_profile('one')",
        "return 0 if x == 0 else 1",
        flag="granted nothing",
    ),
    Cheat(
        "assumes away each input that it is wrong for",
        Comes.NO_MORE,
        "Only specs may say which inputs count.",
        "import sys\nassume = sys.modules['hypothesis'].assume",
        "assume(x % 2 == 0)\nreturn x * x",
    ),
    Cheat(
        "assumes away every input",
        Comes.NO_MORE,
        "A property that has no example fails.",
        "import sys\nreject = sys.modules['hypothesis'].reject",
        "reject()",
    ),
    Cheat(
        "tells Hypothesis that each example was right",
        Comes.NO_MORE,
        "Only specs may say which inputs count.",
        "import sys\n"
        "context = sys.modules['hypothesis.control'].current_build_context\n"
        "valid = sys.modules['hypothesis.internal.conjecture.data'].Status.VALID",
        "context().data.conclude_test(valid)",
    ),
)
RUNNERS = (
    voided("registers a plugin of pytest that lets specs pass", PLUGIN),
    first_time(
        "registers one that lets each spec pass once, and leaves a file to know it by",
        PLUGIN.replace("call.excinfo = None", FIRST_TIME),
    ),
    first_time(
        "patches the part of the plugin that runs specs, for the first time that each of them fails",
        "import sys\n"
        "Runner, helped = sys.modules['pytest_tinytorch.run.runner'].Runner, set()\n"
        "find = Runner._finding\n"
        "def easy(self, item, unit, call):\n"
        "    if call.excinfo and item.nodeid not in helped:\n"
        "        helped.add(item.nodeid)\n"
        "        call.excinfo = None\n"
        "    return find(self, item, unit, call)\n"
        "Runner._finding = easy",
    ),
    voided(
        "patches pytest's report of a spec",
        f"{PYTEST}"
        "make = pytest.TestReport.from_item_and_call.__func__\n"
        "def easy(cls, item, call):\n"
        "    call.excinfo = None\n"
        "    return make(cls, item, call)\n"
        "pytest.TestReport.from_item_and_call = classmethod(easy)\n"
        "sys.modules['pytest_tinytorch.run.runner'].Runner._finding = lambda *given: None",
    ),
    voided(
        "patches how pytest calls a spec",
        f"{PYTEST}"
        "make = pytest.CallInfo.from_call.__func__\n"
        "def easy(cls, func, *given, **named):\n"
        "    call = make(cls, func, *given, **named)\n"
        "    call.excinfo = None\n"
        "    return call\n"
        "pytest.CallInfo.from_call = classmethod(easy)",
    ),
    voided(
        "patches the part of the plugin that runs specs",
        "import sys\n"
        "def easy(self, item, unit, call):\n"
        "    call.excinfo = None\n"
        "sys.modules['pytest_tinytorch.run.runner'].Runner._finding = easy",
    ),
    imported(
        "imports the plugin, and patches the part that runs specs",
        "from pytest_tinytorch.run.runner import Runner\n"
        "def easy(self, item, unit, call):\n"
        "    call.excinfo = None\n"
        "Runner._finding = easy",
    ),
    Cheat(
        "patches the parts of the plugin that judge, count and write",
        Comes.NO_MORE,
        ELSEWHERE,
        "import sys\n"
        "plugin = {n.rpartition('.')[2]: m for n, m in sys.modules.items() if 'pytest_tinytorch' in n}\n"
        "verdict = plugin['outcomes'].Verdict(plugin['outcomes'].State.PASSED, {})\n"
        "passed = lambda *given: dict.fromkeys(['checkpoint-03', 'milestone-02'], verdict)\n"
        "plugin['judgement'].verdicts = passed\n"
        "plugin['judge'].Judge._keep = plugin['judge'].Judge._record = lambda *given: None",
    ),
)
