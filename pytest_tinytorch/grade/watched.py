"""What source of a submission is watched for, and why: names, attributes and words, each with a reason."""

from __future__ import annotations

import re
from collections.abc import Mapping

READY = "has ready answers for exercises"
INNER = "reaches what code does not need to know: other modules, frames, all objects"
RUNS = "runs code that cannot be read here"
PROCESS = "acts beside the run: processes, threads, signals, the end"
OUTSIDE = "reaches memory or machines outside of the run"
WATCHES = "watches or changes how Python runs"
WRITES = "writes or removes files, in a place where no exercise does"
JUDGES = "names what judges"
CHANGES = "changes what others use, and with it what judges"
GIVEN_CODE = "given code is not as the kit has it: changed, or of another version"
UNREAD = "could not be looked at"

MODULES: Mapping[str, str] = {
    name: why
    for why, names in {
        READY: "torch torchvision tensorflow keras jax jaxlib flax optax sympy scipy sklearn autograd"
        " tinygrad mxnet paddle cupy theano aesara pytensor numba tokenizers tiktoken transformers"
        " sentencepiece micrograd minitorch onnx onnxruntime statsmodels",
        INNER: "gc inspect traceback linecache ast dis sys.modules sys._getframe sys._current_frames"
        " sys.exc_info sys._current_exceptions pkgutil",
        RUNS: "importlib imp runpy code codeop marshal pickle dill cloudpickle shelve zipimport"
        " types.FunctionType types.CodeType types.LambdaType types.ModuleType",
        PROCESS: "os._exit os.abort os.fork os.forkpty os.kill os.killpg os.system os.popen os.execv"
        " os.execve os.execvp os.execl os.posix_spawn os.spawnv os.spawnl os.dup2 os.getppid"
        " os.register_at_fork subprocess multiprocessing signal atexit threading _thread concurrent"
        " asyncio faulthandler resource pty",
        OUTSIDE: "ctypes _ctypes cffi mmap socket ssl http urllib requests httpx aiohttp ftplib smtplib",
        WATCHES: "sys.setprofile sys.settrace sys.monitoring sys.addaudithook sys.meta_path"
        " sys.path_hooks sys.path sys.excepthook sys.unraisablehook sys.displayhook"
        " sys.__stdout__ sys.setrecursionlimit trace bdb pdb site builtins",
        WRITES: "shutil tempfile os.open os.write os.remove os.unlink os.rename os.replace os.rmdir"
        " os.mkdir os.makedirs os.symlink os.link os.truncate os.chmod numpy.save numpy.savez"
        " numpy.savez_compressed numpy.savetxt numpy.memmap",
        JUDGES: "specs pytest _pytest hypothesis pytest_tinytorch unittest doctest numpy.testing"
        " milestones",
    }.items()
    for name in names.split()
}
"""Module, or name in a module, to why it is watched; what is in it is watched, too."""
BUILTINS: Mapping[str, str] = {
    **dict.fromkeys(("eval", "exec", "compile", "__import__"), RUNS),
    **dict.fromkeys(("breakpoint", "__builtins__"), WATCHES),
    **dict.fromkeys(("__file__",), "finds its own place on the disk, and from there other files"),
    **dict.fromkeys(("__loader__", "__spec__"), INNER),
}
ATTRIBUTES: Mapping[str, str] = {
    **dict.fromkeys(
        [
            "f_back",
            "f_locals",
            "f_globals",
            "f_builtins",
            "f_code",
            "f_trace",
            "tb_frame",
            "tb_next",
            "__traceback__",
            "gi_frame",
            "cr_frame",
            "ag_frame",
            "gi_code",
            "__globals__",
            "__code__",
            "__closure__",
            "cell_contents",
            "__builtins__",
            "__subclasses__",
            "__loader__",
            "__wrapped__",
            "__context__",
        ],
        INNER,
    ),
    **dict.fromkeys(
        [
            "write_text",
            "write_bytes",
            "touch",
            "symlink_to",
            "hardlink_to",
            "mkdir",
            "rmdir",
            "unlink",
            "tofile",
        ],
        WRITES,
    ),
}
"""Name of an attribute, whatever it is of, to why it is watched."""
WORDS = re.compile(
    r"(specs|pytest|_pytest|hypothesis|pytest_tinytorch)(\.[\w.]*)?"
    r"|.*(PYTEST_CURRENT_TEST|progress\.json|junit\.xml|ledger\.jsonl|\.tinytorch).*"
    r"|(.*[/\\])?(specs|reference|milestones)[/\\].*|/(out|kit|proc)(/.*)?",
    re.DOTALL,
)
"""A string that names what judges, the worked solution, or where results go."""
WRITING_MODE = re.compile(r"[rbtU]*[wax+][rwaxbt+]*")
"""How a file is opened that is to be written."""
OPENERS = frozenset({"open", "io.open", "codecs.open", "gzip.open", "bz2.open", "lzma.open"})


COMMON = frozenset(
    [
        "ast",
        "autograd",
        "code",
        "dis",
        "imp",
        "resource",
        "signal",
        "site",
        "specs",
        "trace",
        "transformers",
    ]
)
"""Modules whose names others have, too: ``numpy.trace``. They count only where a name begins with them."""


def is_common(name: str) -> bool:
    """Whether others have something of this name, too."""
    return name in COMMON or name.startswith("numpy.")


def reason_of(name: str) -> tuple[str, str]:
    """(what is watched, why) of a dotted name; empty if it is not watched.

    A module may be reached through another one: ``tinytorch.tensor.sys.modules``.

    >>> reason_of("torch.nn.functional")[0], reason_of("tinytorch.tensor.sys.modules")[0]
    ('torch', 'sys.modules')
    >>> reason_of("sys.float_info")
    ('', '')
    """
    parts = ["numpy" if part == "np" else part for part in name.split(".")]
    for start in range(len(parts)):
        for end in (start + 1, start + 2):
            found = ".".join(parts[start:end])
            if found in MODULES and (start == 0 or not is_common(found)):
                return found, MODULES[found]
    bare = parts[-1] if parts[0] in ("builtins", "__builtins__") else name
    return (bare, BUILTINS[bare]) if bare in BUILTINS else ("", "")
