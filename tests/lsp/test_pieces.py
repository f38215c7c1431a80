"""What an editor is shown, without a server: lines and columns, diagnostics, lenses, hovers, actions."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types
from msgspec.structs import replace
from pygls.workspace import PositionCodec

from pytest_tinytorch.course.curriculum import UnitId
from pytest_tinytorch.course.entries import build_curriculum
from pytest_tinytorch.course.exercises import below_decorators
from pytest_tinytorch.evidence.manifest import read_manifest
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.lsp import actions, answers, diagnostics, hovers, lenses, sight, status
from pytest_tinytorch.lsp.client import Client, client_of
from pytest_tinytorch.lsp.diagnostics import Page, View
from pytest_tinytorch.lsp.edits import edited
from pytest_tinytorch.lsp.folding import folded
from pytest_tinytorch.lsp.laws import laws_of
from pytest_tinytorch.lsp.memory import (
    KEPT,
    Memory,
    differing,
    recalled,
    with_told,
    without_borrowed,
)
from pytest_tinytorch.lsp.moves import moves_between
from pytest_tinytorch.lsp.parts import Edit
from pytest_tinytorch.lsp.sheets import Sheet, lines_of, parses, places_in
from pytest_tinytorch.lsp.verdicts import Finding, Known, Told
from pytest_tinytorch.watch.request import FIRST, FULL, as_saved, fingerprint
from tests.support import kit, toy

UTF8, UTF16 = (
    PositionCodec(kind)
    for kind in (types.PositionEncodingKind.Utf8, types.PositionEncodingKind.Utf16)
)
ADDING, DOUBLING = UnitId("checkpoint-01"), UnitId("checkpoint-02")
SUM = "specs/test_01_adding.py::TestAdd::test_is_the_sum"
OPPOSITE = "specs/test_01_adding.py::TestNegate::test_is_the_opposite"
TWICE = "specs/test_02_doubling.py::TestDouble::test_is_twice"
REFERENCE = toy.REFERENCE["adding"]
ADDED = REFERENCE[REFERENCE.index("def add") : REFERENCE.index("def negate")]
LAWS = laws_of(
    toy.SPECS["specs/test_01_adding.py"], [SUM, OPPOSITE], "adding", REFERENCE, ["add", "negate"]
)


@pytest.fixture(scope="module")
def course():
    import tomllib

    return build_curriculum(tomllib.loads(toy.CURRICULUM))


@pytest.fixture
def unit(course):
    return course.unit(ADDING)


def sheet(unit, text=REFERENCE, states=None, blamed=None, laws=LAWS, unsaved=()):
    places = places_in(text, tuple(unit.hints))
    return Sheet(unit, places, laws, states or {}, blamed or {}, frozenset(unsaved))


def partial(start, end, text):
    place = types.Range(types.Position(*start), types.Position(*end))
    return types.TextDocumentContentChangePartial(range=place, text=text)


class TestEdits:
    @pytest.mark.parametrize(("codec", "column"), [(UTF16, 5), (UTF8, 7)], ids=["utf-16", "utf-8"])
    def test_a_character_outside_the_first_plane_counts_as_the_editor_counts_it(
        self, codec, column
    ):
        change = partial((1, column), (1, column), "!")
        assert edited('a\nx="😋"\nb', [change], codec) == 'a\nx="😋!"\nb'

    def test_a_column_beyond_the_line_is_its_end(self):
        assert edited("abc", [partial((0, 9), (0, 9), "d")], UTF16) == "abcd"
        assert edited("abc\nd", [partial((0, 9), (0, 9), "!")], UTF16) == "abc!\nd"
        assert edited("abc", [partial((7, 0), (7, 0), "d")], UTF16) == "abcd"

    def test_a_form_feed_ends_no_line(self):
        text = "a = 1\n\f\nb = 2\u2028\nc"
        assert edited(text, [partial((2, 4), (2, 5), "3")], UTF16) == "a = 1\n\f\nb = 3\u2028\nc"

    def test_a_whole_text_takes_the_place_of_all(self):
        change = types.TextDocumentContentChangeWholeDocument(text="new")
        assert edited("old", [change], UTF16) == "new"

    @given(
        st.lists(st.sampled_from(["a", "é", "😋", "\n", "\r\n", "\f"]), max_size=30),
        st.data(),
        st.sampled_from([UTF8, UTF16]),
    )
    def test_what_is_typed_at_a_place_stands_there(self, parts, data, codec):
        """The place is told as an editor tells it: the line, and the units before it in the line."""
        text = "".join(parts)
        at = data.draw(st.integers(0, len(parts)))
        before = "".join(parts[:at])
        lines = lines_of(before)
        place = (len(lines) - 1, codec.client_num_units(lines[-1]))
        assert edited(text, [partial(place, place, "|")], codec) == before + "|" + "".join(
            parts[at:]
        )


class TestRanges:
    LINES = ("", "    x = '😋' + y  ", "  ")

    @pytest.mark.parametrize(("codec", "last"), [(UTF16, 16), (UTF8, 18)], ids=["utf-16", "utf-8"])
    def test_a_line_goes_from_its_first_character_to_its_last(self, codec, last):
        found = diagnostics.line_range(self.LINES, 2, codec)
        assert (found.start, found.end) == (types.Position(1, 4), types.Position(1, last))

    @pytest.mark.parametrize(("line", "number"), [(0, 0), (3, 2), (99, 2)])
    def test_a_line_that_is_not_there_is_the_nearest(self, line, number):
        found = diagnostics.line_range(self.LINES, line, UTF16)
        assert found.start.line == found.end.line == number
        assert found.start.character <= found.end.character

    def test_a_file_without_lines_has_a_first(self):
        assert diagnostics.line_range((), 5, UTF16).start == types.Position(0, 0)


def view(related=True):
    page = lambda file: Page(file.name, ["    x"] * 30)
    return View(Path("/w"), page, UTF16, {law.nodeid: law for law in LAWS}, related)


class TestFindings:
    FOUND = Finding(
        State.WRONG,
        nodeids=(SUM, OPPOSITE),
        unit=ADDING,
        exercise="add",
        file="tinytorch/adding.py",
        line=4,
        headline="expected 3, got -1",
        message={"Law": "The law.", "Called": "add(1, 2)", "Expected": "3\nor so", "Got": "-1"},
    )

    def of(self, found, related=True):
        return diagnostics.of_finding(view(related), found)

    def test_stand_at_the_line_to_mend_with_law_call_expected_and_got(self):
        file, one = self.of(self.FOUND)
        assert file == Path("/w/tinytorch/adding.py")
        assert (one.range.start.line, one.severity) == (3, types.DiagnosticSeverity.Error)
        assert one.message.splitlines() == [
            "The law.",
            "Called:   add(1, 2)",
            "Expected: 3",
            "          or so",
            "Got:      -1",
            "and other laws, for the same reason",
        ]
        assert [r.location.range.start.line for r in one.related_information] == [9, 19]

    def test_name_no_other_place_to_an_editor_that_cannot_show_it(self):
        assert self.of(self.FOUND, related=False)[1].related_information is None

    def test_say_what_they_come_from(self):
        _, one = self.of(replace(self.FOUND, marks=("first look", "unsaved")))
        assert one.message.startswith("first look, unsaved: The law.")
        broken = {"Broken": "SyntaxError: '(' was never closed"}
        _, one = self.of(replace(self.FOUND, message=broken, marks=("unsaved",)))
        assert one.message.splitlines()[0] == "SyntaxError (unsaved): '(' was never closed"

    @pytest.mark.parametrize(
        ("nodeids", "last"),
        [
            (["a", "b", "c"], "and other laws, for the same reason"),
            (["a[1]", "a[2]", "a[3]"], "and other cases, for the same reason"),
            (["a[1]", "a[2]", "b"], "and other laws, for the same reason"),
            (["a[1]"], "The law."),
        ],
    )
    def test_tell_laws_from_cases_and_count_neither(self, nodeids, last):
        found = Finding(State.WRONG, nodeids=tuple(nodeids), message={"Law": "The law."})
        assert diagnostics.message_of(found).splitlines()[-1] == last

    @pytest.mark.parametrize("error", ["SyntaxError", "IndentationError", "TabError"])
    def test_what_does_not_parse_is_one_thing_to_mend_whatever_it_stops(self, error):
        why = f"{error}: no"
        found = Finding(State.BROKEN, ("a", "b", "c"), message={"Broken": why})
        assert diagnostics.message_of(found) == why

    def test_name_the_place_of_a_law_once(self):
        law = LAWS[0]
        cases = {f"{SUM}[{n}]": replace(law, nodeid=f"{SUM}[{n}]") for n in "12"}
        found = Finding(State.WRONG, nodeids=tuple(cases))
        assert len(diagnostics.related(replace(view(), laws=cases), found)) == 1

    @pytest.mark.parametrize("label", ["Broken", "Not run", "Raised"])
    def test_say_why_nothing_came(self, label):
        parts = {"Law": "The law.", "Called": "add(1, 2)", label: "no 'add': define it\nthere"}
        _, one = self.of(Finding(State.BROKEN, nodeids=(SUM,), message=parts))
        assert one.message.splitlines() == [
            "The law.",
            "Called:   add(1, 2)",
            f"{label + ':':<10}no 'add': define it",
            "          there",
        ]

    def test_say_once_why_a_file_does_not_parse(self):
        parts = {"Broken": "SyntaxError: invalid syntax"}
        _, one = self.of(Finding(State.BROKEN, file="tinytorch/adding.py", line=1, message=parts))
        assert one.message == "SyntaxError: invalid syntax"

    def test_without_a_place_stand_at_the_law(self):
        file, one = self.of(Finding(State.BROKEN, nodeids=(SUM,), headline="gone"))
        assert file == Path("/w/specs/test_01_adding.py")
        assert (one.range.start.line, one.message) == (9, "gone")


NOTHING = Edit()
FILES = {name: f"tinytorch/{name}.py" for name in ("adding", "doubling", "squaring")}


class TestWhatIsKnown:
    def told(self, beat=FULL, states=((SUM, State.PASSED),), files=None, findings=()):
        return Told(beat, files or {FILES["adding"]: "1"}, specs=dict(states), findings=findings)

    def test_is_replaced_for_the_units_that_a_message_is_about(self, course):
        states = ((SUM, "wrong"), (TWICE, "wrong"))
        before = with_told(Memory(), self.told(states=states), course)
        after = with_told(before, self.told(), course)
        assert after.full[ADDING].specs == {SUM: State.PASSED}
        assert after.full[DOUBLING] is before.full[DOUBLING]

    def test_belongs_to_the_unit_of_the_spec_whoever_is_to_blame(self, course):
        found = Finding(State.WRONG, nodeids=(TWICE,), unit=ADDING, exercise="add")
        known = with_told(Memory(), self.told(findings=(found,)), course).full
        assert known[DOUBLING].findings == (found,)
        assert known[ADDING].findings == ()

    def test_of_a_unit_that_an_edit_has_locked_goes_with_the_next_verdict(self, course):
        """Its need has changed, and it did not run: a verdict on older source holds no more."""
        files = {FILES["adding"]: "1", FILES["doubling"]: "1"}
        before = with_told(Memory(), self.told(states=((TWICE, "wrong"),), files=files), course)
        same = with_told(before, self.told(states=(), files=files), course)
        assert list(same.full) == [DOUBLING]
        other = files | {FILES["adding"]: "2"}
        new = self.told(states=(), files=other)
        assert not with_told(before, new, course).full
        after = with_told(before, new, course, [DOUBLING])
        assert after.full[DOUBLING] == Known(other), "it was to run: there is nothing to say"
        for one in (with_told(before, new, course), after):
            assert recalled(one, files, course).full == before.full

    def test_comes_back_with_the_source_that_it_is_about(self, course):
        """What somebody takes back needs no run; what they never had needs one."""
        marks = range(2 * KEPT)
        memory = Memory()
        for mark in marks:
            files = {FILES["adding"]: str(mark), FILES["squaring"]: "1"}
            state = State.WRONG if mark % 2 else State.PASSED
            memory = with_told(memory, self.told(states=((SUM, state),), files=files), course)
        for mark in [*marks[-KEPT:], *marks[-KEPT:]]:
            now = {FILES["adding"]: str(mark), FILES["squaring"]: "2"}  # which it does not need
            memory = recalled(memory, now, course)
            assert not differing(ADDING, memory.full[ADDING].files, now, course)
            assert memory.full[ADDING].specs[SUM] == (State.WRONG if mark % 2 else State.PASSED)
        for mark in (0, 99):
            assert recalled(memory, {FILES["adding"]: str(mark)}, course) is memory
        assert len(memory.earlier[ADDING]) == KEPT

    def test_is_not_about_the_learners_own_file_of_what_is_borrowed(self):
        root = Path("/root")
        own, lent = (str(root / place / "adding.py") for place in ("tinytorch", "kit/tinytorch"))
        inner = str(root / "tinytorch/inner/adding.py")
        files = {own: "1", inner: "2", lent: "3"}
        assert without_borrowed(files, root / "tinytorch") == {inner: "2", lent: "3"}
        assert without_borrowed({own: "1", inner: "2"}, root / "tinytorch") == {
            own: "1",
            inner: "2",
        }

    def test_of_a_file_that_does_not_parse_belongs_to_its_unit(self, course):
        found = Finding(State.BROKEN, file=FILES["doubling"], line=1)
        known = with_told(Memory(), self.told(FIRST, (), findings=(found,)), course)
        assert list(known.looks) == [DOUBLING]

    def test_of_a_first_look_goes_with_the_next_verdict(self, course):
        """A unit that does not parse may be locked: then no verdict speaks of it."""
        found = Finding(State.BROKEN, file=FILES["doubling"], line=1)
        known = with_told(Memory(), self.told(FIRST, (), findings=(found,)), course)
        assert list(with_told(known, self.told(FIRST), course).looks) == [DOUBLING, ADDING]
        assert not with_told(known, self.told(), course).looks

    @pytest.mark.parametrize(
        ("changed", "gone"),
        [
            ({}, set()),
            ({"adding": "2"}, {ADDING, DOUBLING}),
            ({"doubling": "2"}, {DOUBLING}),
            ({"squaring": "2"}, set()),
            ({"helpers": "2"}, {ADDING, DOUBLING}),
        ],
    )
    def test_is_about_other_source_once_a_file_changes_that_a_unit_depends_on(
        self, course, changed, gone
    ):
        files = dict.fromkeys(FILES.values(), "1")
        now = files | {f"tinytorch/{name}.py": mark for name, mark in changed.items()}
        found = {unit for unit in (ADDING, DOUBLING) if differing(unit, files, now, course)}
        assert found == gone

    def sight(self, full, looks=(), edit=NOTHING, unsaved=NOTHING):
        """What is in sight of findings, after an edit; every spec asks for ``add``."""
        since = SimpleNamespace(edit=edit, unsaved=unsaved, asks=lambda *_: frozenset({"add"}))
        known = lambda findings: {ADDING: Known({}, {SUM: State.WRONG}, tuple(findings))}
        memory = Memory(known(full), known(looks) if looks else {})
        return sight.in_sight(memory, lambda *_: since, [ADDING])

    ADD = Finding(State.WRONG, (SUM,), exercise="add", file=FILES["adding"], line=5)
    BROKEN = Finding(State.BROKEN, file=FILES["adding"], line=3)
    CHANGED = Edit(changed=frozenset({("", "add")}), moves={FILES["adding"]: ((4, 6, 2),)})
    MOVED = Edit(changed=frozenset({("", "other")}), moves={FILES["adding"]: ((4, 6, 2),)})

    def test_stays_in_sight_at_its_line_while_nothing_changes_that_a_spec_comes_to(self):
        found = self.sight([self.ADD], [self.ADD], self.MOVED)
        assert found.findings == (replace(self.ADD, line=7),), "no first look has to say it again"
        assert (found.is_less, found.unsaved) == (False, frozenset())

    def test_is_out_of_sight_once_a_spec_comes_to_something_that_changed(self):
        found = self.sight([self.ADD], edit=self.CHANGED)
        assert (found.findings, found.states, found.is_less) == ((), {}, True)

    def test_is_a_first_look_until_a_full_verdict_says_the_same(self):
        (one,) = self.sight([], [self.ADD]).findings
        assert one.marks == ("first look",)

    def test_is_final_of_a_file_that_does_not_parse(self):
        assert self.sight([], [self.BROKEN]).findings == (self.BROKEN,)
        assert self.sight([], [self.BROKEN], self.MOVED).findings == ()

    def test_is_unsaved_where_what_is_saved_differs(self):
        found = self.sight([self.ADD], unsaved=Edit(whole=True))
        assert [one.marks for one in found.findings] == [("unsaved",)]
        assert found.unsaved == {SUM}
        assert found.same == set(), "nothing is known of what is saved"

    @pytest.mark.parametrize(("state", "same"), [(State.WRONG, {SUM}), (State.PASSED, set())])
    def test_is_the_same_on_what_is_saved_if_a_run_has_told_so(self, state, same):
        typed, saved = Known({"a": "typed"}, {SUM: State.WRONG}), Known({"a": "1"}, {SUM: state})
        other = Known({"a": "2"}, {SUM: State.TODO})
        memory = Memory({ADDING: typed}, earlier={ADDING: (saved, other)})

        def changes(unit, files):
            differs = NOTHING if files == saved.files else Edit(whole=True)
            return SimpleNamespace(edit=NOTHING, unsaved=differs, asks=lambda *_: None)

        found = sight.in_sight(memory, changes, [ADDING])
        assert (found.unsaved, found.same) == ({SUM}, same)

    def test_line_ends_and_a_byte_order_mark_make_no_other_source(self):
        assert fingerprint(b"\xef\xbb\xbfx = 1\r\n") == fingerprint(b"x = 1\n")
        assert fingerprint(b"x = 2\n") != fingerprint(b"x = 1\n")

    def test_text_is_saved_in_the_encoding_that_it_names(self):
        assert as_saved("# coding: latin-1\n'é'") == b"# coding: latin-1\n'\xe9'"
        assert as_saved("# coding: none such\n'é'") == "# coding: none such\n'é'".encode()
        assert as_saved("'é'") == "'é'".encode()


class TestSheet:
    def test_laws_are_about_the_exercise_that_they_ask_for(self):
        assert [(law.exercise, law.text, law.line) for law in LAWS] == [
            ("add", "add(x, y) equals x + y.", 10),
            ("negate", "negate(x) equals -x.", 20),
        ]

    def test_every_law_of_the_course_that_names_an_exercise_finds_one(self):
        unit = kit.course().unit(UnitId("checkpoint-02"))
        spec = (kit.ROOT / unit.spec_path).read_text(encoding="utf-8")
        nodeids = [f"{unit.spec_path}::TestRelu::test_keeps_the_dtype"]
        (law,) = laws_of(spec, nodeids, unit.name, kit.reference_text(unit.name), unit.hints)
        assert law.exercise == "relu"

    def test_an_exercise_that_no_law_is_about_has_those_that_ask_for_it(self):
        found = {}
        for number in ("01", "02", "05"):
            unit = kit.course().unit(UnitId(f"checkpoint-{number}"))
            spec = (kit.ROOT / unit.spec_path).read_text(encoding="utf-8")
            nodeids = read_manifest(kit.ROOT)[unit.id]
            laws = laws_of(spec, nodeids, unit.name, kit.reference_text(unit.name), unit.hints)
            for law in laws:
                for name in law.asked:
                    found.setdefault(name, set()).add(law.text)
        assert all("Tensor(" in text for text in found["Tensor.__init__"])
        assert found["Sigmoid.forward"] == {"ReLU()(x) equals relu(x), and so do the others."}
        assert any("gradient" in text for text in found["gradient of mul"])
        assert "Tensor.item" not in found, "a law is about it"

    @pytest.mark.parametrize(
        ("states", "text"),
        [
            ({}, "? of 1 law holds, not judged yet"),
            ({SUM: State.PASSED}, "1 of 1 law holds"),
            ({SUM: State.WRONG}, "0 of 1 law holds"),
        ],
    )
    def test_a_lens_says_how_many_laws_hold(self, unit, states, text):
        found = lenses.lenses(
            sheet(unit, states=states), "file:///a.py", lines_of(REFERENCE), UTF16
        )
        mine = [one for one in found if one.command.arguments[1] == "add"]
        assert [one.command.title for one in mine] == [text, "run", "hint"]
        assert {one.range.start.line for one in mine} == {3}

    def test_a_lens_stands_where_a_failure_does(self, unit):
        text = REFERENCE.replace("def add", "@traced\n@primitive\ndef add")
        lines = lines_of(text)
        found = lenses.lenses(sheet(unit, text), "file:///a.py", lines, UTF16)
        at = {one.range.start.line for one in found if one.command.arguments[1] == "add"}
        assert at == {below_decorators(lines, 4) - 1} == {5}

    @pytest.mark.parametrize(
        ("before", "line"),
        [("\n", 3), ("x = 1\n", 4), ("\n@primitive\n", 4), ("\n@traced\n@primitive\n", 4)],
        ids=["an empty line", "a full line", "a decorator", "two"],
    )
    def test_a_lens_behind_a_line_stands_where_there_is_room(self, unit, before, line):
        text = REFERENCE.replace("\n\ndef add", f"\n{before}def add")
        found = lenses.lenses(sheet(unit, text), "file:///a.py", lines_of(text), UTF16, beside=True)
        at = {one.range.start.line + 1 for one in found if one.command.arguments[1] == "add"}
        assert at == {line}

    def test_a_run_can_be_stopped_at_the_exercise_that_it_does_not_leave(self, unit):
        found = lenses.lenses(sheet(unit), "file:///a.py", lines_of(REFERENCE), UTF16, slow="add")
        commands = [(one.command.arguments[1], one.command.command) for one in found]
        assert ("add", "tinytorch.stop") in commands
        assert ("add", "tinytorch.run") not in commands
        assert ("negate", "tinytorch.run") in commands

    def test_a_failure_that_blames_an_exercise_is_no_law_of_its_own(self, unit):
        states = {SUM: State.PASSED, OPPOSITE: State.WRONG}
        one = sheet(unit, states=states, blamed={OPPOSITE: "add"})
        told = "1 of 1 law holds, 1 more fails because of it"
        assert lenses.laws_text(one, one.place("add")) == told
        assert lenses.law_lines(one, one.place("add"))[1] == "✗ negate(x) equals -x."

    def test_a_stub_is_to_do_at_its_line(self, unit):
        text = REFERENCE.replace("return x + y", 'raise NotImplementedError("01 adding: add")')
        place = sheet(unit, text).place("add")
        assert (place.stub, place.head) == (6, 4)
        assert lenses.laws_text(sheet(unit, text), place) == "to do: 0 of 1 law holds"
        unsaved = replace(sheet(unit, text), unsaved_stubs={"add"})
        assert lenses.laws_text(unsaved, place) == "to do, unsaved: 0 of 1 law holds"
        (hint,) = diagnostics.of_stubs(view(), unsaved, lines_of(text))
        assert hint.message == "add is still to do (unsaved), and 1 law waits for it"

    def test_what_a_run_was_to_tell_that_was_stopped_says_so(self, unit):
        one = replace(sheet(unit), stopped=True)
        assert lenses.laws_text(one, one.place("add")) == "? of 1 law holds, stopped"
        locked = replace(one, locked=True)
        assert lenses.laws_text(locked, one.place("add")) == "locked: ? of 1 law holds"

    def test_what_holds_for_unsaved_text_says_so(self, unit):
        one = sheet(unit, states={SUM: State.PASSED}, unsaved=[SUM])
        assert lenses.laws_text(one, one.place("add")) == "unsaved: 1 of 1 law holds"

    @pytest.mark.parametrize(
        ("edited", "same", "add", "negate"),
        [
            (["add"], [SUM, OPPOSITE], True, False),
            (["add"], [SUM], True, True),
            ([], [SUM, OPPOSITE], True, True),  # a helper was edited, or another module
        ],
    )
    def test_what_an_edit_does_not_concern_is_not_unsaved(self, unit, edited, same, add, negate):
        """A spec may come to more than it calls; here both may come to what was edited."""
        states = {SUM: State.PASSED, OPPOSITE: State.PASSED}
        one = sheet(unit, states=states, unsaved=states)
        one = replace(one, edited={*edited}, same={*same})
        told = [lenses.laws_text(one, one.place(name)) for name in ("add", "negate")]
        assert [text.startswith("unsaved: ") for text in told] == [add, negate]

    @pytest.mark.parametrize(
        ("states", "text", "line"),
        [
            ("", "? of 2 laws hold, not judged yet", "· add(x, y) equals x + y."),
            ("ppp", "2 of 2 laws hold", "✓ add(x, y) equals x + y."),
            ("pp?", "1 of 2 laws hold, 1 not judged yet", "· add(x, y) equals x + y."),
            ("pwp", "1 of 2 laws hold", "✗ add(x, y) equals x + y. (1 of 2 cases)"),
            ("pw?", "1 of 2 laws hold", "✗ add(x, y) equals x + y. (0 of 2 cases)"),
            ("ppt", "1 of 2 laws hold, 1 waits for other exercises", "○ add(x, y) equals x + y."),
            ("pt?", "1 of 2 laws hold, 1 not judged yet", "· add(x, y) equals x + y."),
        ],
    )
    def test_a_law_with_cases_counts_once_and_holds_if_all_do(self, unit, states, text, line):
        kinds = {"p": State.PASSED, "w": State.WRONG, "t": State.TODO}
        nodeids = ["specs/test_01_adding.py::TestAdd::test_other", f"{SUM}[1]", f"{SUM}[2]"]
        laws = tuple(replace(LAWS[0], nodeid=nodeid) for nodeid in nodeids)
        known = {n: kinds[k] for n, k in zip(nodeids, states, strict=False) if k != "?"}
        one = sheet(unit, states=known, laws=laws)
        assert lenses.laws_text(one, one.place("add")) == text
        assert lenses.law_lines(one, one.place("add"))[1:] == [line]

    def test_a_law_names_its_case_where_others_are_about_another_exercise(self, unit):
        laws = tuple(
            replace(LAWS[0], nodeid=f"{SUM}[{name}]", exercise=name) for name in ("add", "negate")
        )
        one = sheet(unit, laws=laws)
        assert lenses.law_lines(one, one.place("add")) == ["· add(x, y) equals x + y. (add)"]

    @pytest.mark.parametrize(
        ("old", "new", "lines"),
        [
            ("    return x + y", "    # one more\n    return (x +", [(4, 4, 7), (10, 10, 12)]),
            ("def add(x, y):", "def add(x, y:", [(4, 4, 6), (9, 9, 11)]),
            ('"""01', '"""""""\n01', [(5, 5, 7), (10, 10, 12)]),
            ("    return -x", "    return -x\n    return (", [(4, 4, 6), (9, 9, 12)]),
            (ADDED, "(\n", [(4, 4, 4), (5, 5, 7)]),
        ],
    )
    def test_while_it_does_not_parse_exercises_are_where_edits_have_moved_them(
        self, unit, old, new, lines
    ):
        text = REFERENCE.replace(old, new)
        assert not parses(text)
        moves = moves_between(REFERENCE, text)
        moved = filter(None, map(moves.place, places_in(REFERENCE, tuple(unit.hints))))
        assert [(one.first, one.head, one.last) for one in moved] == lines

    @given(st.lists(st.sampled_from("abc \n")), st.lists(st.sampled_from("abc \n")))
    def test_a_line_that_stays_is_where_it_stands(self, before, after):
        old, new = lines_of("".join(before)), lines_of("".join(after))
        moves = moves_between("".join(before), "".join(after))
        places = [moves.line(number) for number in range(1, len(old) + 1)]
        assert places == sorted(places)
        for number, place in enumerate(places, start=1):
            assert not moves.keeps(number) or new[place - 1] == old[number - 1]

    def test_what_does_not_parse_has_no_places(self, unit):
        assert sheet(unit, "def add(:\n").places == ()

    def test_a_hover_tells_laws_and_what_needs_them(self, unit, course):
        one = sheet(unit, states={SUM: State.WRONG})
        lines = hovers.about(one, one.place("add"), course, REFERENCE)
        found = hovers.hover(lines, {}, markdown=False)
        assert found.contents.kind == types.MarkupKind.PlainText
        assert found.contents.value.splitlines() == [
            "add · 01 adding · 0 of 1 law holds",
            "✗ add(x, y) equals x + y.",
            "✗ is broken",
            "Needed by 02 doubling",
            *folded(hovers.COUNTS, hang=2).splitlines(),
        ]
        drawn = hovers.hover(lines, {}, markdown=True)
        assert drawn.contents.value.startswith("**add · 01 adding")

    @pytest.mark.parametrize("markdown", [False, True])
    def test_a_hover_has_the_command_to_debug_on_a_line_of_its_own(self, markdown):
        """It can be copied from there; a message that an editor shows is gone with the next key."""
        command = answers.alone(f"{SUM}[a long name that is longer than any line of a hover is]")
        for lines in ([], ["add", "✓ One."]):
            shown = hovers.hover(lines, {"The law.": command}, markdown).contents.value
            assert command in shown.splitlines()
            assert "To debug in a terminal: The law." in shown.splitlines()
            assert ("```sh" in shown) == markdown
        assert hovers.hover([], {}, markdown) is None

    def test_signs_are_explained_where_not_all_laws_hold(self):
        assert hovers.sign_lines(["✓ One."]) == hovers.sign_lines([]) == []
        assert hovers.sign_lines(["· One.", "✓ Two.", "○ Three.", "· Four."]) == [
            "✓ holds, ○ waits for an exercise, · not judged yet"
        ]
        assert {*hovers.MEANINGS} == {*lenses.SIGNS.values(), lenses.UNKNOWN}

    @pytest.mark.parametrize(
        ("text", "drawn"),
        [
            ("as_array keeps grad_fn, if set.", "`as_array` keeps `grad_fn`, if set."),
            ("Tensor.__init__ copies.", "`Tensor.__init__` copies."),
            ("x[0] is text[i, t[n]].", "`x[0]` is `text[i, t[n]]`."),
            ("softmax(x)[n, 0] lies in [0, 1).", "`softmax(x)[n, 0]` lies in [0, 1)."),
            ("as_array(f(x)) * 2 < x ** 2", "`as_array(f(x))` * 2 < x ** 2"),
            ("x*y*z, `a_b` and <b>", "`x*y*z`, `a_b` and `<b>`"),
            ("add(x, y) equals x + y.", "add(x, y) equals x + y."),
        ],
    )
    def test_a_hover_has_names_in_the_font_of_code_and_no_escapes(self, text, drawn):
        assert hovers.in_markdown(text) == drawn


class TestStatus:
    @pytest.mark.parametrize(
        ("numbers", "text"),
        [((), "checking"), (("02",), "checking 02 doubling"), (("01", "02"), "checking 01-02")],
    )
    def test_says_what_is_checked(self, course, numbers, text):
        units = [unit for unit in course.checkpoints if unit.number in numbers]
        assert status.checking_text(units) == text

    def test_has_what_is_checked_in_the_place_of_the_checkpoint(self, course):
        states = dict.fromkeys((unit.id for unit in course.units), State.LOCKED)
        progress = Progress(course, states | {UnitId("checkpoint-00"): State.WRONG})
        told = [status.status("", progress, checking)["text"] for checking in ("", "checking")]
        assert told == [
            "00 environment wrong · 0 of 4 · next: 1901 sums",
            "checking · 0 of 4 · next: 1901 sums",
        ]

    def test_says_to_do_as_everything_else_does_and_tells_programs_the_state(self, course):
        states = dict.fromkeys((unit.id for unit in course.units), State.PASSED)
        progress = Progress(course, states | {ADDING: State.TODO})
        told = status.status("", progress)
        assert told["text"].startswith("01 adding to do · ")
        assert told["checkpoint"]["state"] == "todo"


class TestActions:
    def asked(self, unit, text=REFERENCE, name="add", only=(), found=(), debugs=False):
        one = sheet(unit, text)
        return actions.Asked(
            Page("file:///a.py", lines_of(text), 7), one, one.place(name), found, only, debugs
        )

    def stub(self, unit):
        from pytest_tinytorch.kit.stubs import stub_text

        return stub_text(REFERENCE, unit)

    def titles(self, found):
        return [one.title for one in found]

    def test_are_hints_the_lesson_and_a_new_beginning(self, unit):
        asked = self.asked(unit)
        found = actions.actions(asked, self.stub(unit), literals=True, versioned=True)
        assert self.titles(found) == [
            "Hint 1 for add",
            "Hint 2 for add",
            "Hint 3 for add",
            "Open the lesson at add",
            "Reset add to its stub",
        ]

    @pytest.mark.parametrize(
        ("debugs", "title"),
        [
            (False, "Show the command that runs this law alone: add(x, y) equals x + y."),
            (True, "Run this law alone: add(x, y) equals x + y."),
        ],
    )
    def test_run_the_law_of_each_diagnostic_alone_or_tell_how(self, unit, debugs, title):
        place = diagnostics.line_range([""], 1, UTF16)
        ours = types.Diagnostic(place, "", source="tinytorch", data={"nodeids": [SUM, OPPOSITE]})
        others = types.Diagnostic(place, "", source="mypy", data={"nodeids": [TWICE]})
        asked = self.asked(unit, found=[ours, others], debugs=debugs)
        found = actions.actions(asked, self.stub(unit), literals=True, versioned=True)
        (law,) = [one for one in found if one.command and one.command.command == "tinytorch.law"]
        assert law.title == title
        assert law.command.arguments == ["file:///a.py", "add", SUM]
        assert law.diagnostics == [ours]

    def test_are_commands_where_the_editor_takes_no_more(self, unit):
        found = actions.actions(self.asked(unit), self.stub(unit), literals=False, versioned=False)
        assert {type(one) for one in found} == {types.Command}

    @pytest.mark.parametrize(
        ("only", "count"), [(("refactor",), 1), (("quickfix",), 4), (("source",), 0), (("",), 5)]
    )
    def test_are_of_the_kinds_that_are_wanted(self, unit, only, count):
        asked = self.asked(unit, only=only)
        assert len(actions.actions(asked, self.stub(unit), True, True)) == count

    @pytest.mark.parametrize("versioned", [True, False])
    def test_a_reset_makes_the_exercise_the_stub_and_leaves_the_rest(self, unit, versioned):
        found = actions.actions(self.asked(unit), self.stub(unit), True, versioned)[-1].edit
        if versioned:
            (change,) = found.document_changes
            assert (change.text_document.uri, change.text_document.version) == ("file:///a.py", 7)
            edits = change.edits
        else:
            edits = found.changes["file:///a.py"]
        text = applied(REFERENCE, edits)
        assert text == REFERENCE.replace(
            "return x + y", 'raise NotImplementedError("01 adding: add")'
        )

    def test_a_stub_is_not_reset(self, unit):
        stub = self.stub(unit)
        assert "Reset" not in str(
            self.titles(actions.actions(self.asked(unit, stub), stub, True, True))
        )

    def test_a_gradient_is_reset_with_the_import_that_its_stub_needs(self):
        text = "from tinytorch.primitive import defvjp\n\nx = 1\ndefvjp(mul, lambda g: g)\ny = 2\n"
        stub = "from tinytorch.primitive import defvjp, todo\n\n" + 'defvjp(mul, todo("05 a: b"))\n'
        (place,) = places_in(text, ("gradient of mul",))
        found = applied(text, actions.stub_edits(lines_of(text), stub, place))
        assert found == (
            "from tinytorch.primitive import defvjp, todo\n\nx = 1\n"
            'defvjp(mul, todo("05 a: b"))\ny = 2\n'
        )

    def test_a_method_keeps_its_margin(self):
        text = "class A:\n  def f(self):\n    return 1\n"
        stub = 'class A:\n    def f(self):\n        raise NotImplementedError("01 a: A.f")\n'
        (place,) = places_in(text, ("A.f",))
        found = applied(text, actions.stub_edits(lines_of(text), stub, place))
        assert found == 'class A:\n  def f(self):\n      raise NotImplementedError("01 a: A.f")\n'


def applied(text, edits):
    """A text after edits, as an editor makes them: from the last to the first."""
    for edit in sorted(edits, key=lambda one: one.range.start, reverse=True):
        change = types.TextDocumentContentChangePartial(range=edit.range, text=edit.new_text)
        text = edited(text, [change], UTF16)
    return text


class TestAnswers:
    @pytest.mark.parametrize(("number", "shown"), [(0, 1), (2, 2), (9, 3)])
    def test_a_hint_is_the_nearest_there_is(self, unit, number, shown):
        text = answers.hint(unit, "add", number)
        assert text == f"add, hint {shown} of 3: {unit.hints['add'][shown - 1]}"

    def test_a_law_runs_alone_under_the_debugger(self):
        assert answers.alone("specs/a.py::B::c[1, 2]") == (
            "python -m pytest -p tinytorch --pdb 'specs/a.py::B::c[1, 2]'"
        )

    def test_a_debugger_stops_below_the_docstring(self, unit):
        text = REFERENCE.replace("def add", "@traced\ndef add")
        place = sheet(unit, text).place("add")
        assert answers.debugging(Path("/w"), "file:///w/a.py", place, SUM) == {
            "cwd": str(Path("/w")),
            "module": "pytest",
            "args": ["-p", "tinytorch", SUM],
            "exercise": {"uri": "file:///w/a.py", "first": 3, "last": 6, "stops": [6]},
        }

    def test_a_debugger_stops_in_each_rule_of_a_gradient(self):
        text = "defvjp(\n    mul,\n    lambda g: g,\n    lambda g: (\n        g + 1\n    ),\n)\n"
        (place,) = places_in(text, ("gradient of mul",))
        assert place.stops == (3, 5)

    def test_a_debugger_stops_where_there_is_only_a_docstring_or_only_code(self):
        text = (
            'class A:\n    def f(self):\n        """F."""\n\n    def g(self):\n        return 1\n'
        )
        places = places_in(text, ("A.f", "A.g"))
        assert [place.stops for place in places] == [(3,), (6,)]

    def test_a_lesson_opens_at_the_section_of_the_exercise(self, tmp_path, unit):
        toy.write(tmp_path, {"lessons/01_adding.md": "# 01\n\n## What\n\n### `add`\n"})
        assert answers.lesson(tmp_path, unit, "add") == (tmp_path / "lessons/01_adding.md", 4)
        assert answers.lesson(tmp_path, unit, "negate")[1] == 0


class TestClient:
    def of(self, **capabilities):
        return client_of(types.InitializeParams(types.ClientCapabilities(**capabilities)))

    def test_an_editor_that_says_nothing_can_do_nothing_of_this(self):
        assert self.of() == Client()

    @pytest.mark.parametrize(
        ("formats", "markdown"),
        [(["markdown", "plaintext"], True), (["plaintext", "markdown"], False), ([], False)],
    )
    def test_a_hover_is_written_as_the_editor_likes_it_best(self, formats, markdown):
        kinds = [types.MarkupKind(name) for name in formats]
        hover = types.HoverClientCapabilities(content_format=kinds)
        assert self.of(
            text_document=types.TextDocumentClientCapabilities(hover=hover)
        ).markdown == (markdown)

    def test_an_editor_may_ask_for_the_status(self):
        assert self.of(experimental={"tinytorchStatus": True}).status
        assert not self.of(experimental={"other": True}).status

    @pytest.mark.parametrize(
        ("name", "version", "beside"),
        [
            ("Neovim", "0.11.4", True),
            ("Neovim", "0.12.0-dev", False),
            ("Neovim", None, False),
            ("Visual Studio Code", "0.11.4", False),
        ],
    )
    def test_an_editor_that_draws_lenses_behind_a_line_is_known_by_its_name(
        self, name, version, beside
    ):
        params = types.InitializeParams(
            types.ClientCapabilities(), client_info=types.ClientInfo(name, version)
        )
        assert client_of(params).lens_beside == beside

    def test_an_editor_may_have_a_debugger(self):
        assert self.of(experimental={"tinytorchDebug": True}).debugs
        assert not self.of(experimental={"tinytorchStatus": True}).debugs
