"""Writes which functions of the package each spec has come to into the file that CALLS_FILE names."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from pytest_tinytorch.evidence.implementation import PACKAGE

FOUND = {}


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    called = FOUND.setdefault(pyfuncitem.nodeid, set())

    def note(frame, event, _):
        code = frame.f_code
        if event == "call" and f"{os.sep}{PACKAGE}{os.sep}" in code.co_filename:
            called.add((Path(code.co_filename).stem, code.co_qualname))

    sys.setprofile(note)
    try:
        return (yield)
    finally:
        sys.setprofile(None)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish():
    found = {nodeid: sorted(called) for nodeid, called in FOUND.items()}
    Path(os.environ["CALLS_FILE"]).write_text(json.dumps(found), encoding="utf-8")
