"""The options of the plugin as pytest knows them: declared, and read once into a frozen value."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import pytest

from pytest_tinytorch.course.commands import commands_in
from pytest_tinytorch.course.options import (
    BORROW_SETTING,
    CURRICULUM_SETTING,
    EXPORTS,
    PATH_SETTING,
    SPECS_SETTING,
    Options,
)

NARROWING = (
    "keyword",
    "markexpr",
    "lf",
    "deselect",
    "stepwise",
    "stepwise_skip",
    "ignore",
    "ignore_glob",
)
"""Options of pytest that leave specs out."""
COMMAND_LINE = "tinytorch-command-line"


def add_options(parser: pytest.Parser) -> None:
    """Declare the options."""
    group = parser.getgroup("tinytorch", "tinytorch: checkpoints, milestones, capabilities")
    option = group.addoption
    option(
        "--checkpoint",
        metavar="WHICH",
        help="run these checkpoints and what they need: 05, 01-07, autograd, foundation, stage:training, all",
    )
    option(
        "--milestone",
        metavar="WHICH",
        help="run these milestones and what they need: 03, 01-03, mlp, 1986, all",
    )
    option(
        "--scale",
        choices=["tiny", "full"],
        default="tiny",
        help="data that milestones use: tiny is shipped; full is MNIST and CIFAR-10, downloaded once",
    )
    option(
        "--borrow",
        metavar="WHICH",
        help="take these modules from the reference: 01-04, tensor, none",
    )
    option("--reference", action="store_true", help="judge the worked solution instead of yours")
    option("--path", metavar="NAME", help="follow a learning path; what it leaves out is borrowed")
    option("--todo-ok", action="store_true", help="untouched and locked parts do not fail the run")
    option("--no-gate", action="store_true", help="run locked units too; such a run grants nothing")
    option(
        "--hints",
        type=_hints,
        default=0,
        metavar="1..3",
        help="how many hints to show for each red exercise",
    )
    option(
        "--isolate",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="run specs in separate processes, so that a crash or an endless loop cannot end the run"
        " (always in CI, and after a run that did not finish)",
    )
    option(
        "--capabilities", action="store_true", help="print the map of capabilities and run nothing"
    )
    option(
        "--timeline",
        nargs="?",
        const="tree",
        choices=["tree", "horizontal"],
        help="print the timeline of milestones and run nothing",
    )
    option(
        "--source",
        type=Path,
        metavar="DIR",
        help="judge the package tinytorch/ in DIR instead of the one here, for a grader of your own: DIR is"
        " the folder around the package (submissions/ann, not submissions/ann/tinytorch), unpacked, with all"
        " files of the package; nothing else in it is read. `tito grade` does more, for a whole class",
    )
    option(
        "--ledger",
        type=Path,
        metavar="FILE",
        help="keep progress in FILE (default: .tinytorch/ledger.jsonl; with --source, one for each DIR)",
    )
    for name, text in EXPORTS.items():
        option(f"--tinytorch-{name}", type=Path, metavar="FILE", help=f"write progress as {text}")
    option("--tinytorch-nodeids", action="store_true", help="with --collect-only: list node ids")
    option("--tinytorch-canaries", type=int, metavar="DESCRIPTOR", help=argparse.SUPPRESS)
    parser.addini(
        CURRICULUM_SETTING,
        help="path to your own curriculum, relative to the root folder",
        default="",
    )
    parser.addini(PATH_SETTING, help="the learning path to follow if --path names none", default="")
    parser.addini(BORROW_SETTING, help="the modules to borrow if --borrow names none", default="")
    parser.addini(
        SPECS_SETTING,
        help="the digest of specs that your course changed; `tito specs accept` writes it",
        default="",
    )


def read_options(config: pytest.Config) -> Options:
    """The options as pytest parsed them."""
    return options_from_namespace(config.option, config)


def options_from_namespace(given: object, config: pytest.Config) -> Options:
    """The options in a namespace that argparse made, over what the settings name."""
    path, borrow = (str(config.getini(name)) for name in (PATH_SETTING, BORROW_SETTING))
    own, lent = getattr(given, "path", None), getattr(given, "borrow", None)
    return Options(
        checkpoint=getattr(given, "checkpoint", None),
        milestone=getattr(given, "milestone", None),
        borrow=lent if lent is not None else borrow or None,
        borrow_from="--borrow" if lent is not None else BORROW_SETTING,
        learning_path=own if own is not None else path or None,
        learning_path_from="--path" if own is not None else PATH_SETTING,
        reference=getattr(given, "reference", False),
        todo_ok=getattr(given, "todo_ok", False),
        gate=not getattr(given, "no_gate", False),
        hints=getattr(given, "hints", 0),
        capabilities=getattr(given, "capabilities", False),
        timeline=getattr(given, "timeline", None),
        source=getattr(given, "source", None),
        ledger=getattr(given, "ledger", None),
        exports=tuple(
            (name, file)
            for name in EXPORTS
            if (file := getattr(given, f"tinytorch_{name}", None)) is not None
        ),
        scale=getattr(given, "scale", "tiny"),
        nodeids=getattr(given, "tinytorch_nodeids", False),
        commands=commands_in(os.environ),
        isolate=getattr(given, "isolate", None),
    )


def has_path_arguments(config: pytest.Config) -> bool:
    """Whether files, folders or node ids stand on the command line."""
    return config.args_source is pytest.Config.ArgsSource.ARGS


class CommandLine:
    """A plugin that tells what was typed from what the settings or PYTEST_ADDOPTS have added.

    Args:
        parser: the one that pytest parses options with.
    """

    def __init__(self, parser: pytest.Parser) -> None:
        self.parser = parser

    def typed(self, config: pytest.Config) -> object:
        """The options that were typed, as a namespace."""
        return self.parser.parse_known_args([*config.invocation_params.args])


def is_narrowed(config: pytest.Config) -> bool:
    """Whether the run was narrowed by pytest's own means: paths, ``-k``, ``-m``, ``--lf`` and so on.

    So is one started in a folder inside the workspace, unless units were picked. Such a run does
    just what it was told: nothing is held back, and nothing partial is granted.
    """
    if has_path_arguments(config):
        return True
    if not read_options(config).selects and config.invocation_params.dir != config.rootpath:
        return True
    return any(config.getoption(name, None) for name in NARROWING)


def names_specs(config: pytest.Config) -> bool:
    """Whether a run that is narrowed is about just the specs that a person named, and about no units.

    What the settings leave out nobody has named: such a run is about everything, as it seems to be.
    """
    if read_options(config).selects:
        return False
    if config.invocation_params.dir != config.rootpath:
        return True
    command_line = config.pluginmanager.get_plugin(COMMAND_LINE)
    assert isinstance(command_line, CommandLine)
    typed = command_line.typed(config)
    return any(getattr(typed, name, None) for name in (*NARROWING, "file_or_dir"))


def tells_once(config: pytest.Config) -> bool:
    """Whether failures with one cause are told once: not if a person asked for more by ``-v`` or ``--tb``."""
    return bool(config.option.verbose <= 0 and config.option.tbstyle == "auto")


def _hints(text: str) -> int:
    if text not in ("0", "1", "2", "3"):
        raise pytest.UsageError(f"--hints takes 1, 2 or 3, got {text!r}")
    return int(text)
