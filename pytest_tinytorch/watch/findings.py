"""What a program is told of a watched run: what was judged, what held, and each cause with its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pytest_tinytorch.evidence.causes import Cause
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.run.message import labeled_parts
from pytest_tinytorch.watch.request import Request, fingerprint
from pytest_tinytorch.watch.shorter import shorter
from pytest_tinytorch.watch.view import Failure

Message = dict[str, Any]


def judged(request: Request, sources: Mapping[Path, bytes]) -> Message:
    """Which source a message is about."""
    files = {str(file): fingerprint(data) for file, data in sources.items()}
    return {"files": files, "unsaved": bool(request.unsaved)}


def of_first_look(specs: Mapping[str, State], red: Failure | None) -> Message:
    """What a first look has found."""
    found = [] if red is None else [finding(replace(red, text=shorter(red.text)), (red.nodeid,))]
    return {"specs": {nodeid: str(state) for nodeid, state in specs.items()}, "findings": found}


def of_syntax_error(file: str, error: SyntaxError) -> Message:
    """What a first look has found where a file does not parse."""
    broken = f"{type(error).__name__}: {error.msg}"
    return {
        "specs": {},
        "findings": [
            {
                "state": str(State.BROKEN),
                "nodeids": [],
                "unit": None,
                "exercise": "",
                "file": file,
                "line": error.lineno or 1,
                "headline": broken,
                "message": {"Broken": broken},
                "printed": "",
            }
        ],
    }


def of_full_verdict(
    progress: Progress,
    specs: Mapping[str, State],
    failures: Sequence[Failure],
    causes: Sequence[Cause],
) -> Message:
    """What a full verdict says, each cause once, what is to be mended first in front."""
    failed: dict[str, Failure] = {}
    for failure in failures:
        failed.setdefault(failure.nodeid, failure)
    told = [cause for cause in causes if cause.nodeids[0] in failed]
    return {
        "specs": {nodeid: str(state) for nodeid, state in specs.items()},
        "states": {unit: str(state) for unit, state in progress.state.items()},
        "findings": [finding(failed[cause.nodeids[0]], cause.nodeids) for cause in told],
        "headline": progress.verdict_line(),
    }


def finding(failure: Failure, nodeids: Sequence[str]) -> Message:
    """What a spec failed for: the place to mend, and the message by its labels.

    Args:
        failure: of the spec that is told.
        nodeids: of all specs that fail for the same, this one first.
    """
    outcome = failure.outcome
    return {
        "state": str(outcome.state),
        "nodeids": list(nodeids),
        "unit": outcome.unit,
        "exercise": outcome.exercise,
        "file": outcome.file,
        "line": outcome.line,
        "headline": outcome.headline,
        "message": labeled_parts(failure.text),
        "printed": failure.printed,
    }
