"""The fault bank: each row in a run of its own, isolated, and plainly where that has to do."""

from __future__ import annotations

import sys
from xml.etree import ElementTree

import pytest

from pytest_tinytorch.evidence import ledger
from tests.proofs import faults
from tests.support import toy
from tests.support.long import one_in

LIMIT = "--timeout=2"
"""Of CPU time and of waiting."""
NEEDS = {"01": ("02", "m01", "m02"), "03": ("m02",)}

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="most faults are those of POSIX")


@pytest.fixture(scope="module")
def solved(tmp_path_factory):
    workspace = toy.build(tmp_path_factory.mktemp("solved"))
    toy.solve(workspace, "adding", "doubling", "squaring")
    return workspace


def run(workspace, fault, *arguments):
    toy.write(workspace, {"tinytorch/adding.py": fault.source, **dict(fault.files)})
    return toy.pytest_in(workspace, LIMIT, "--junitxml=junit.xml", *arguments)


def expected_states(fault, found):
    """What the others must be, given what 01 is."""
    needing = found["01"] == "passed"
    return {
        "00": {"passed"},
        "01": fault.states,
        "02": {"passed"} if needing else {"locked"},
        "03": fault.innocent,
        "m01": {"passed"} if needing else {"locked"},
        "m02": {"passed"} if needing and found["03"] == "passed" else {"locked"},
    }


def check(workspace, fault, found):
    if not fault.written:
        assert found.code == fault.code, found.output
        return
    assert found.json, f"nothing was written\n{found.output}"
    if "stale" not in found.states.values():
        expected = expected_states(fault, found.states)
        wrong = {u: s for u, s in found.states.items() if s not in expected[u]}
        assert not wrong, f"{wrong}\n{found.output}"
    passed = found.passed() == set(found.states)
    assert found.code == (int(not passed) if fault.code is None else fault.code), found.output
    assert len(ElementTree.parse(workspace / "junit.xml").findall(".//testcase")) > 0
    events = ledger.read_ledger(workspace / ".tinytorch" / "ledger.jsonl").events
    granted = {toy.short(event.unit) for event in events if event.verdict == "passed"}
    # What was saved, or removed, during the run leaves the proof of what was judged.
    stale = {unit for unit, state in found.states.items() if state == "stale"}
    assert granted <= found.passed() | stale | {"00"}, "something is proved that did not pass"
    assert found.cpu is None or found.cpu <= fault.cpu_seconds


def workspace_with(solved, tmp_path):
    import shutil

    return shutil.copytree(solved, tmp_path / "workspace", symlinks=True)


@pytest.mark.parametrize("fault", one_in(2, faults.FAULTS), ids=lambda fault: fault.name)
def test_a_fault_hurts_nothing_else(fault, solved, tmp_path):
    workspace = workspace_with(solved, tmp_path)
    check(workspace, fault, run(workspace, fault, "--isolate"))


@pytest.mark.parametrize(
    "fault", [fault for fault in faults.FAULTS if fault.plain], ids=lambda fault: fault.name
)
def test_a_small_fault_hurts_nothing_else_in_one_process(fault, solved, tmp_path):
    workspace = workspace_with(solved, tmp_path)
    check(workspace, fault, run(workspace, fault))


def test_names_are_told_apart():
    names = [fault.name for fault in faults.FAULTS]
    assert len(names) == len(set(names)) >= 40


@pytest.mark.parametrize("fault", faults.FAULTS, ids=lambda fault: fault.name)
def test_each_row_is_code(fault):
    compile(fault.source, fault.name, "exec")
