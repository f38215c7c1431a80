"""The portfolio: it claims what is proved and no more, it is safe, and everybody can read and check it."""

from __future__ import annotations

import dataclasses
import os
import re
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from msgspec.structs import replace

from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.export.portfolio.functions import Function
from pytest_tinytorch.export.portfolio.page import Portfolio, of_work, portfolio_page
from tests.support import browser, journeys, kit, pages, proved

HOSTILE = "<script>alert('x')</script>\"'><img src=x onerror=alert(1)>&amp; \x1b[31m \u202e</style>"
PROBES = Path(pages.__file__).with_name("probes.js").read_text(encoding="utf-8")
CODE = 'def matmul(x, y):\n    """</code><script>alert(1)</script>"""  # \u202e\n    return x @ y\n'


def function(code=CODE):
    unit = kit.course().unit("checkpoint-01")
    return Function("tensor.matmul", unit, "tinytorch/tensor.py", 505, code, "8d" * 32, cut=True)


def portfolio(stage="finished", name="Ada Lovelace", **changes):
    progress = changes.pop("progress", journeys.at(stage))
    claims = of_work(proved.claims(progress))
    return dataclasses.replace(
        Portfolio(progress, claims, [proved.picture("04_filters")], [function()], name), **changes
    )


def parsed(text):
    return ElementTree.fromstring(re.sub(r"(?s)(<(style)>).*?(</\2>)", r"\1\3", text))


def part(tree, name):
    """The text of a section."""
    (found,) = [e for e in tree.iter("section") if e.get("id") == name]
    return " ".join("".join(found.itertext()).split())


class TestClaims:
    @pytest.mark.parametrize("stage", journeys.STAGES)
    def test_are_of_what_is_passed_and_of_nothing_else(self, stage):
        made = portfolio(stage)
        progress, tree = made.progress, parsed(portfolio_page(made))
        told = part(tree, "capabilities")
        for unit in progress.checkpoints:
            claimed = progress.state[unit.id] == State.PASSED and bool(unit.source)
            assert (unit.capability in told) == claimed, unit
        (listed,) = [e for e in tree.iter("ul") if e.get("class") == "claims"]
        assert [one.text for one in listed.iter("h3")] == [
            unit.label
            for unit in progress.curriculum.units
            if progress.state[unit.id] == State.PASSED and (unit.source or unit.is_milestone)
        ]
        years = [e.get("id") for e in tree.iter("section")]
        passed = [u for u in progress.milestones if progress.state[u.id] == State.PASSED]
        assert ("years" in years) == bool(passed)
        for unit in progress.milestones if passed else ():
            assert (unit.capability in part(tree, "years")) == (unit in passed)

    def test_say_what_is_stale_and_what_is_still_to_do(self):
        made = portfolio("half")
        told = part(parsed(portfolio_page(made)), "limits")
        once = "Proved for an earlier version of the code: "
        assert once in told
        assert "1957 perceptron" in told
        assert "Not proved yet: 09–13" in told

    def test_say_what_is_borrowed(self):
        progress = journeys.at("finished")
        state = {**progress.state, "checkpoint-01": State.BORROWED}
        made = portfolio(progress=replace(progress, state=state))
        tree = parsed(portfolio_page(made))
        assert "not my work: 01 tensor." in part(tree, "limits")
        assert "pytest -p tinytorch --borrow 01 in it" in part(tree, "check")
        assert "--milestone 1957 --borrow 01" in part(tree, "check")
        assert "Modules 02–07 written by me, on NumPy; 01 borrowed" in part(tree, "years")
        assert "I can create, combine, reduce" not in part(tree, "capabilities")

    def test_name_what_is_borrowed_for_nothing_that_is_claimed(self):
        progress = journeys.at("finished")
        state = {**progress.state, "checkpoint-08": State.BORROWED}
        state |= {f"checkpoint-{n:02}": State.NOT_RUN for n in range(9, 21)}
        state |= {f"milestone-0{n}": State.NOT_RUN for n in (3, 4, 5, 6)}
        told = part(
            parsed(portfolio_page(portfolio(progress=replace(progress, state=state)))), "limits"
        )
        assert "Borrowed as well, for what is not proved: 08." in told
        assert "not my work" not in told

    def test_leave_out_milestones_of_borrowed_modules_alone(self):
        progress = journeys.at("finished")
        lent = {f"checkpoint-{n:02}": State.BORROWED for n in range(1, 8)}
        progress = replace(progress, state={**progress.state, **lent})
        claims = of_work(proved.claims(progress))
        claims = {i: c for i, c in claims.items() if c.own}
        tree = parsed(portfolio_page(portfolio(progress=progress, claims=claims)))
        assert "Passed with borrowed modules only: 1957, 1969." in part(tree, "limits")
        assert "1957" not in part(tree, "years")
        (ruler,) = [e for e in tree.iter("svg") if e.get("class") == "ruler wide"]
        full = [e for e in ruler.iter("circle") if e.get("class") == "passed"]
        assert len(full) == 4

    def test_have_the_digests_and_the_command_of_each(self):
        told = part(parsed(portfolio_page(portfolio())), "check")
        assert told.count(proved.DIGEST) == told.count(proved.SPECS) == 26
        assert "pytest -p tinytorch --checkpoint 05" in told
        assert "pytest -p tinytorch --milestone 2018" in told
        assert "python 3.11.7, numpy 2.4.6" in told

    def test_show_pictures_of_the_proved_code_alone(self):
        for source, count in ((proved.SOURCE, 1), ("student:other", 0), ("", 0)):
            made = portfolio(pictures=[proved.picture("04_filters", source)])
            assert len(list(parsed(portfolio_page(made)).iter("img"))) == count


@pytest.fixture(scope="module")
def text():
    """A page in which every text of a learner is made to do harm."""
    progress, unit = journeys.at("finished"), "milestone-01"
    once = progress.achievements
    spoiled = replace(once[unit], notes={HOSTILE: HOSTILE}, at=HOSTILE)
    progress = replace(progress, achievements={**once, unit: spoiled})
    return portfolio_page(portfolio(progress=progress, name=HOSTILE))


class TestSafety:
    def test_text_stays_text(self, text):
        tree = parsed(text)
        assert not list(tree.iter("script"))
        assert len(list(tree.iter("style"))) == 1
        assert len(list(tree.iter("img"))) == 1
        assert text.count("alert(1)") == text.count("onerror=alert(1)&gt;") + text.count(
            "alert(1)&lt;"
        )
        assert "\x1b" not in text
        (shown,) = tree.iter("pre")
        assert "".join(shown.itertext()) == CODE.replace("\u202e", "")

    def test_nothing_is_asked_of_a_network(self, text):
        tree = parsed(text)
        values = [value for element in tree.iter() for value in element.attrib.values()]
        assert not [value for value in values if re.search(r"//|^\w+:(?!,|image/png|\s)", value)]
        assert not re.search(r"url\(|@import|https?:(?!//x)", text)
        assert not [e for e in tree.iter() if "style" in e.attrib]
        (policy,) = [e.get("content") for e in tree.iter("meta") if e.get("http-equiv")]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "script-src" not in policy

    def test_every_link_has_its_target_and_headings_go_down_in_steps(self, text):
        tree = parsed(text)
        ids = [element.get("id") for element in tree.iter() if element.get("id")]
        assert len(ids) == len(set(ids))
        links = {e.get("href")[1:] for e in tree.iter("a")}
        assert links
        assert links <= set(ids)
        levels = [int(e.tag[1]) for e in tree.iter() if re.fullmatch(r"h\d", e.tag)]
        assert levels.count(1) == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("stage", ["finished", "half"])
def test_fits_every_screen_and_loads_nothing(stage, tmp_path):
    file = tmp_path / "index.html"
    long = "x" * 200
    functions = [function(f"def f():\n    return '{long}'\n")]
    made = portfolio(stage, functions=functions, name="Ada Lovelace-Wolfeschlegelsteinhausen")
    file.write_text(portfolio_page(made), encoding="utf-8")
    troubles, asked = [], set()
    with browser.running() as chromium:
        tab = chromium.new_page()
        tab.on("console", lambda message: troubles.append(message.text))
        tab.on("request", lambda request: asked.add(request.url.partition(",")[0]))
        for width in (360, 768, 1440):
            tab.set_viewport_size({"width": width, "height": 900})
            for theme in ("light", "dark"):
                tab.emulate_media(color_scheme=theme)
                tab.goto(file.as_uri())
                for name in ("sideways", "collisions"):
                    found = tab.evaluate(f"() => {{ {PROBES}; return {name}(); }}")
                    assert found == [], (name, width)
                if folder := os.environ.get("TINYTORCH_SCREENSHOTS"):
                    name = f"portfolio-{stage}-{width}-{theme}.png"
                    tab.screenshot(path=Path(folder) / name, full_page=True)
                if (stage, width) == ("half", 1440):
                    assert browser.violations(tab, contrast=True) == [], theme
    assert not troubles
    assert asked <= {file.as_uri(), "data:", "data:image/png;base64"}
