"""Writes what a run tells of each cause into the file that CAUSES_FILE names."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from pytest_tinytorch.plugin import JUDGE


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    judge = session.config.pluginmanager.get_plugin(JUDGE)
    found = [
        [str(one.outcome.state), one.outcome.file, one.outcome.line, list(one.nodeids)]
        for one in judge.causes()
    ]
    Path(os.environ["CAUSES_FILE"]).write_text(json.dumps(found), encoding="utf-8")
