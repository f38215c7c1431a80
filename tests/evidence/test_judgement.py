"""Verdicts, states and the ledger: pure functions, as tables."""

from __future__ import annotations

import json
import math
import tomllib
from types import SimpleNamespace

import pytest
from msgspec.structs import asdict, replace

from pytest_tinytorch.course import entries
from pytest_tinytorch.evidence import gate, ledger, outcomes
from pytest_tinytorch.evidence.ledger import Event
from pytest_tinytorch.evidence.outcomes import Outcome, Verdict, verdict_on_unit
from pytest_tinytorch.evidence.plan import Plan
from tests.support import toy

TOY = entries.build_curriculum(tomllib.loads(toy.CURRICULUM))


def long(name):
    """``01`` and ``m01`` to ids."""
    return f"milestone-{name[1:]}" if name.startswith("m") else f"checkpoint-{name}"


def ids(names):
    return frozenset(long(name) for name in names.split())


class TestVerdict:
    @pytest.mark.parametrize(
        ("outcomes", "whole", "kind"),
        [
            ({"a": "passed", "b": "passed"}, True, "passed"),
            ({"a": "passed", "b": "passed"}, False, "passed"),
            ({"a": "passed", "b": "passed", "extra": "wrong"}, True, "wrong"),
            ({"a": "passed"}, True, "broken"),
            ({"a": "passed"}, False, "not run"),
            ({}, True, "broken"),
            ({}, False, "not run"),
            ({"a": "todo", "b": "wrong"}, True, "wrong"),
            ({"a": "wrong", "b": "broken"}, True, "broken"),
            ({"a": "passed", "b": "todo"}, True, "todo"),
            ({"a": "passed", "b": "locked"}, True, "locked"),
        ],
    )
    def test_is_the_worst_of_what_ran_and_of_what_did_not(self, outcomes, whole, kind):
        found = {name: Outcome(value) for name, value in outcomes.items()}
        assert verdict_on_unit(["a", "b"], found, whole).state == kind

    def test_an_empty_manifest_never_passes(self):
        assert verdict_on_unit([], {}).state == "broken"
        assert verdict_on_unit([], {"a": Outcome("passed")}).state == "broken"

    def test_counts_what_is_missing(self):
        found = verdict_on_unit(["a", "b", "c"], {"a": Outcome("passed")})
        assert found.total == 3
        assert "2 of its 3 specs were not run" in found.headline


def states(passed="", other=(), known="", borrowed=""):
    verdicts = {long(n): Verdict("passed", {}) for n in passed.split()}
    verdicts |= {long(n): Verdict(kind, {}) for n, kind in other}
    found = gate.states_of_units(
        TOY, verdicts, dict.fromkeys(ids(known), "passed").get, set(), ids(borrowed)
    )
    return {u.replace("checkpoint-", "").replace("milestone-", "m"): s for u, s in found.items()}


class TestStates:
    def test_what_needs_something_red_is_locked_whatever_its_own_specs_said(self):
        found = states(passed="00 02 03 m01 m02", other=[("01", "wrong")])
        assert found == {
            "00": "passed",
            "01": "wrong",
            "02": "locked",
            "03": "passed",
            "m01": "locked",
            "m02": "locked",  # it needs the milestone before it
        }

    def test_what_the_ledger_proves_counts(self):
        assert states(passed="02", known="00 01")["02"] == "passed"
        assert states(passed="02", known="01")["02"] == "locked"

    def test_borrowed_opens_but_is_no_pass(self):
        found = states(passed="00 02", borrowed="01")
        assert (found["01"], found["02"]) == ("borrowed", "passed")


class TestPlan:
    def test_runs_what_is_asked_and_what_that_needs(self):
        assert gate.with_unproved_needs(TOY, ids("02"), ids("00"), set()) == ids("01 02")
        assert gate.with_unproved_needs(TOY, ids("02"), set(), ids("00 01")) == ids("02")
        assert gate.with_unproved_needs(TOY, ids("01"), ids("00 01"), set()) == ids("01")

    @pytest.mark.parametrize(
        ("failed", "untouched", "run", "proved", "need"),
        [
            ("", "", "00 01 02", "", None),
            ("01", "", "00 01 02", "", "01"),
            ("", "01", "00 01 02", "", "01"),
            ("", "01", "02", "00 01", None),
            ("", "", "02", "00", "01"),
            ("03", "03", "00 01 02 03", "", None),
        ],
    )
    def test_knows_what_is_sure_to_stay_locked(self, failed, untouched, run, proved, need):
        plan = Plan(ids(run), ids(run), proved=ids(proved), untouched=ids(untouched))
        found = gate.blocking_need(TOY, TOY.unit("checkpoint-02"), ids(failed), plan)
        assert found == (long(need) if need else None)
        assert (
            gate.blocking_need(
                TOY, TOY.unit("checkpoint-02"), ids(failed), replace(plan, gated=False)
            )
            is None
        )

    def test_what_only_something_borrowed_needs_locks_nothing(self):
        """The states at the end of a run say so too, and in any order of the specs."""
        plan = Plan(ids("02"), ids("00 02"), borrowed=ids("01"))
        assert gate.blocking_need(TOY, TOY.unit("checkpoint-02"), ids("00"), plan) is None
        assert states(passed="02", other=[("00", "wrong")], borrowed="01")["02"] == "passed"

    def test_travels_as_text(self):
        plan = Plan(ids("01"), ids("00 01"), ids("02"), ids("03"), ids("m01"), gated=False)
        assert Plan.from_text(plan.to_text()) == plan


EVENT = Event(
    "checkpoint-01", "passed", "s1", "t1", {"passed": 3}, True, "2026-01-01T00:00:00+00:00"
)


def line_with(**fields):
    """A line of the ledger with some fields of another kind."""
    return json.dumps({"schema": ledger.SCHEMA, **asdict(EVENT), **fields}).encode("utf-8")


def on(source, specs, exact="", unit="checkpoint-01"):
    """What one unit stands on at present."""
    return {unit: SimpleNamespace(source=source, specs=specs, exact=exact)}.get


class TestLedger:
    def test_keeps_what_it_is_given(self, tmp_path):
        file = tmp_path / "deep" / "ledger.jsonl"
        ledger.append_events(file, [EVENT, replace(EVENT, unit="checkpoint-02")])
        ledger.append_events(file, [replace(EVENT, verdict="wrong")])
        found = ledger.read_ledger(file)
        assert [e.verdict for e in found.events] == ["passed", "passed", "wrong"]
        assert found.events[0] == EVENT
        assert not found.damage

    @pytest.mark.parametrize(
        ("line", "says"),
        [
            (b"{", "not a line of JSON"),
            (b"\xff\xfe\x00", "not a line of JSON"),
            (b"[1]", "not a JSON object"),
            (b"{}", "schema None is not 1"),
            (b'{"schema": 99}', "schema 99 is not 1"),
            (b'{"schema": 1, "unit": 3}', "Expected `str`, got `int` - at `$.unit`"),
            (b"[" * 100_000, "not a line of JSON"),
            (line_with(verdict="stale"), "verdict 'stale' is none of"),
            (line_with(notes=[]), "Expected `object`, got `array` - at `$.notes`"),
            (line_with(at=3), "Expected `str`, got `int` - at `$.at`"),
        ],
    )
    def test_passes_over_a_damaged_line_and_keeps_it(self, tmp_path, line, says):
        file = tmp_path / "ledger.jsonl"
        ledger.append_events(file, [EVENT])
        before = file.read_bytes() + line + b"\n"
        file.write_bytes(before)
        ledger.append_events(file, [replace(EVENT, unit="checkpoint-02")])
        found = ledger.read_ledger(file)
        assert [e.unit for e in found.events] == ["checkpoint-01", "checkpoint-02"]
        assert len(found.damage) == 1
        assert f"{file}:2" in found.damage[0]
        assert says in found.damage[0]
        assert file.read_bytes().startswith(before)

    def test_reads_what_other_versions_of_the_kit_wrote(self, tmp_path):
        file = tmp_path / "ledger.jsonl"
        table = {"schema": ledger.SCHEMA, **asdict(EVENT)}
        early = {
            key: table[key]
            for key in table.keys() - {"versions", "notes", "helpers", "exact", "blames"}
        }
        later = table | {"colour": "red", "notes": {"loss": math.nan}}
        file.write_text(f"{json.dumps(early)}\n{json.dumps(later)}\n", encoding="utf-8")
        found = ledger.read_ledger(file)
        assert found.damage == ()
        assert found.events[0] == EVENT
        assert math.isnan(found.events[1].notes["loss"])

    def test_a_line_cut_short_spoils_only_itself(self, tmp_path):
        file = tmp_path / "ledger.jsonl"
        ledger.append_events(file, [EVENT])
        file.write_bytes(file.read_bytes()[:-20])
        ledger.append_events(file, [EVENT])
        found = ledger.read_ledger(file)
        assert len(found.events) == len(found.damage) == 1

    def test_the_last_verdict_on_the_present_source_counts(self):
        events = (EVENT, replace(EVENT, source="s2", verdict="wrong"))
        book = ledger.Ledger(events)
        assert book.latest_verdicts(on("s1", "t1")) == {"checkpoint-01": "passed"}
        assert book.latest_verdicts(on("s2", "t1")) == {"checkpoint-01": "wrong"}
        assert book.latest_verdicts(on("s3", "t1")) == {}
        assert book.latest_verdicts(on("s1", "t2")) == {}

    def test_the_last_event_on_the_present_source_says_how_many_specs_passed(self):
        later = replace(EVENT, verdict="wrong", outcomes={"passed": 4, "wrong": 8})
        book = ledger.Ledger((EVENT, later, replace(EVENT, source="s2")))
        assert book.latest_events(on("s1", "t1")) == {"checkpoint-01": later}

    def test_source_of_the_same_bytes_is_not_parsed(self):
        class Unparsed:
            exact, specs = "e1", "t1"

            @property
            def source(self):
                pytest.fail("the source was parsed")

        events = (replace(EVENT, source="s0", verdict="wrong"), replace(EVENT, exact="e1"))
        found = ledger.Ledger(events).latest_verdicts({"checkpoint-01": Unparsed()}.get)
        assert found == {"checkpoint-01": "passed"}

    def test_source_of_other_bytes_counts_by_what_it_does(self):
        book = ledger.Ledger((replace(EVENT, exact="e1"),))
        assert book.latest_verdicts(on("s1", "t1", "e2")) == {"checkpoint-01": "passed"}
        assert book.latest_verdicts(on("s2", "t1", "e2")) == {}
        assert book.latest_verdicts(on("s2", "t2", "e1")) == {}
        assert ledger.Ledger((EVENT,)).latest_verdicts(on("s2", "t1", "")) == {}

    def test_a_verdict_counts_while_its_helpers_are_as_they_were(self):
        helped = replace(EVENT, helpers={"powers.py": "h1", "more.py": "h2"})
        book = ledger.Ledger(
            (helped, replace(helped, verdict="wrong", helpers={"powers.py": "h3"}))
        )
        present = on("s1", "t1")
        for helpers, verdict in (
            ({"powers.py": "h1", "more.py": "h2"}, {"checkpoint-01": "passed"}),
            ({"powers.py": "h1", "more.py": "h9"}, {}),
            ({"powers.py": "h3", "more.py": "h9"}, {"checkpoint-01": "wrong"}),
        ):
            assert book.latest_verdicts(present, helpers.__getitem__) == verdict

    def test_says_nothing_twice(self):
        book = ledger.Ledger((EVENT,))
        later = replace(EVENT, at="2027-01-01T00:00:00+00:00")
        other = replace(EVENT, verdict="wrong")
        helped = replace(EVENT, helpers={"powers.py": "h1"})
        commented = replace(EVENT, exact="e2")
        assert book.new_events([later, other, helped, commented]) == [other, helped, commented]

    def test_only_the_learners_own_passes_are_theirs(self):
        book = ledger.Ledger((replace(EVENT, own=False),))
        assert book.once_passed() == frozenset()
        assert ledger.Ledger((EVENT,)).once_passed() == {"checkpoint-01"}


def test_outcomes_are_plain_values():
    import json

    from msgspec.structs import asdict

    outcome = Outcome("wrong", "no", "group", "f", "checkpoint-01", "f.py", 3, {"n": 1})
    assert Outcome(**json.loads(json.dumps(asdict(outcome)))) == outcome
    assert outcomes.WORST_FIRST[0] == "broken"
