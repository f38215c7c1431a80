"""Cards: what they say, that all of it has room, and that SVG and PNG need nothing else."""

from __future__ import annotations

import dataclasses
import re
import sys
from itertools import combinations
from xml.etree import ElementTree

import pytest
from msgspec.structs import replace

from pytest_tinytorch.evidence.claims import claim_of, is_passed, stages_passed
from pytest_tinytorch.export.cards import card as cards
from pytest_tinytorch.export.cards import png, shapes, words
from pytest_tinytorch.export.cards.shapes import HEIGHT, THEMES, WIDTH, Words
from pytest_tinytorch.export.cards.svg import card_svg
from pytest_tinytorch.export.cards.write import card_files
from tests.support import browser, journeys, kit, proved

HOSTILE = "</text><script>alert('x')</script> $x_1$ | `code` **bold** [a](http://x) \u202e"
LONG = "Wolfeschlegelsteinhausenbergerdorff Blaine Charles David Earl"[:60]


def all_cards(name="", pictures=()):
    """The card of each milestone and each stage, at the end of the journey."""
    progress = journeys.at("finished")
    claims = proved.claims(progress)
    made = [
        cards.milestone_card(progress, claims[unit.id], pictures, name)
        for unit in progress.milestones
    ]
    stages = stages_passed(progress, claims)
    return made + [cards.stage_card(progress, claims, stage, name) for stage in stages]


def first(**changes):
    return dataclasses.replace(all_cards()[0], **changes)


class TestWhatACardSays:
    def test_there_is_one_for_each_milestone_and_stage(self):
        made = all_cards()
        assert [one.slug for one in made[:2]] == ["1957-perceptron", "1969-xor"]
        assert [one.place for one in made[:2]] == ["milestone 1 of 6", "milestone 2 of 6"]
        assert [one.headline for one in made[6:]] == [s.name for s in kit.course().stages]
        assert made[6].sentences[0] == kit.course().unit("checkpoint-01").capability

    def test_the_place_is_the_milestones_own_and_on_a_path_that_of_the_path(self):
        progress = journeys.on_a_path("language")
        unit = kit.course().unit("milestone-05")
        card = cards.milestone_card(progress, proved.claims(progress)[unit.id])
        assert card.place == "milestone 3 of 3 on the path language"
        assert [stop.label for stop in card.stops] == ["1957", "1969", "2017"]

    def test_what_is_borrowed_is_said(self):
        progress = journeys.on_a_path("vision", borrowed=["checkpoint-01", "checkpoint-02"])
        claims = proved.claims(progress)
        assert claims["milestone-01"].own
        card = cards.milestone_card(progress, claims["milestone-01"])
        assert (
            card.origin == "modules 03–07 written by me, on NumPy; 01–02 borrowed from the course"
        )
        assert "borrowed" in card_svg(card, "light")
        assert "borrowed" in words.profile_text(card)
        assert "borrowed" in words.readme_markdown(card)

    def test_what_proves_it_again_borrows_the_same(self):
        progress = journeys.on_a_path("vision", borrowed=["checkpoint-01", "checkpoint-02"])
        claim = proved.claims(progress)["milestone-01"]
        claim = replace(
            claim, event=replace(claim.event, source="student:tensor,activations:d1cc2e")
        )
        text = words.readme_markdown(cards.milestone_card(progress, claim))
        assert "`pytest -p tinytorch --milestone 1957 --borrow 01-02`" in text
        assert "Digests: source d1cc2e, specs" in text
        training = kit.course().stages[1]
        card = cards.stage_card(progress, proved.claims(progress), training)
        assert card.command == "pytest -p tinytorch --checkpoint stage:training --borrow 01-02"

    def test_a_stage_counts_what_is_the_learners_to_write(self):
        progress = journeys.on_a_path("language")
        claims = proved.claims(progress)
        basics, _, models, inference, _ = kit.course().stages
        card = cards.stage_card(progress, claims, models)
        assert card.title == "checkpoints 03, 10–13, without 09, which I have not written"
        assert is_passed(progress, claims, basics)
        assert not is_passed(progress, claims, inference)
        del claims["checkpoint-02"]
        assert not is_passed(progress, claims, basics)

    def test_a_milestone_of_borrowed_modules_alone_is_no_full_stop(self):
        lent = [f"checkpoint-{n:02}" for n in range(1, 8)]
        progress = journeys.on_a_path("vision", borrowed=lent)
        unit = kit.course().unit("milestone-03")
        card = cards.milestone_card(
            progress, claim_of(progress, unit, proved.event(progress, unit.id))
        )
        assert [stop.passed for stop in card.stops] == [False, False, True, True]

    def test_a_picture_is_one_that_the_proved_code_has_drawn(self):
        (card, *_) = all_cards(pictures=[proved.picture("01_weights")])
        assert card.picture.caption == "weights"
        assert "data:image/png;base64," in card_svg(card, "light")
        for other in (proved.picture("01_weights", "student:0"), proved.picture("01_weights", "")):
            (card, *_) = all_cards(pictures=[other])
            assert card.picture is None

    def test_numbers_are_those_of_the_proof(self):
        progress = journeys.at("finished")
        claim = proved.claims(progress)["milestone-01"]
        older = replace(claim, event=replace(claim.event, notes={"trained accuracy": "99.0%"}))
        card = cards.milestone_card(progress, older)
        assert [one.shown for one in card.measures] == ["99.0%"]
        assert card.key.shown == "99.0%"


@pytest.mark.parametrize("theme", THEMES)
class TestDrawings:
    def test_svg_is_whole_and_fetches_nothing(self, theme):
        for card in all_cards(HOSTILE, [proved.picture("01_weights")]):
            text = card_svg(card, theme)
            tree = ElementTree.fromstring(text)
            assert (tree.get("width"), tree.get("height")) == ("1200", "630")
            assert not [e for e in tree.iter() if e.tag.rpartition("}")[2] in ("script", "style")]
            addresses = re.findall(r'href="([^"]*)"', text)
            assert all(address.startswith("data:image/png;base64,") for address in addresses)
            assert card.sentences[0] in "".join(tree.itertext())

    def test_png_is_as_large_as_links_want_it(self, theme):
        data = png.card_png(all_cards("Łukasz $\\frac$", [proved.picture("01_weights")])[0], theme)
        assert data.startswith(b"\x89PNG")
        size = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
        assert size == (1200, 630)


def test_every_text_has_room():
    """Measured in the fonts of the PNG, which are broad."""
    for card in [*all_cards(LONG), *all_cards(LONG, [proved.picture("04_filters")])]:
        figure, axes = png.canvas()
        found = shapes.colors("light") | {"white": "#ffffff"}
        drawn = [one for one in shapes.shapes(card) if isinstance(one, Words)]
        for one in drawn:
            png.write(axes, one, found[one.color], 1)
        figure.canvas.draw()
        boxes = [text.get_window_extent() for text in axes.texts]
        for one, box in zip(drawn, boxes, strict=True):
            assert box.x0 >= 40, one
            assert box.x1 <= WIDTH - 40, one
            assert box.y0 >= 0, one
            assert box.y1 <= HEIGHT, one
            assert not 510 < one.y + 0.22 * one.size < 555, one  # where the stops are
        places = [
            (one, box.x0, box.x1, one.y - 0.75 * one.size, one.y + 0.22 * one.size)
            for one, box in zip(drawn, boxes, strict=True)
        ]
        for (one, left, right, top, bottom), (other, *box) in combinations(places, 2):
            across = min(right, box[1]) - max(left, box[0])
            down = min(bottom, box[3]) - max(top, box[2])
            assert not (across > 0 and down > 1), (card.slug, one.text, other.text)


def test_themes_have_the_colors_of_the_journey_page():
    light, dark = (shapes.colors(theme) for theme in THEMES)
    assert set(light) == set(dark) >= {"paper", "ink", "muted", "ember", "line", "passed"}
    assert light["paper"] != dark["paper"]
    style = shapes.read("journey.css")
    for name in light:
        assert f"--{name}: light-dark({light[name]}, {dark[name]})" in style


class TestScripts:
    @pytest.mark.parametrize("name", ["Ζωή", "Лев", "ליאור", "ليلى", "Nguyễn"])
    def test_fonts_of_matplotlib_have_many(self, name):
        assert png.families(name, serif=False)[:2] == ["DejaVu Sans", "DejaVu Serif"]
        assert png.card_png(first(name=name), "dark")

    def test_without_a_font_it_says_what_to_do(self, monkeypatch):
        from matplotlib import font_manager

        boxes = [e for e in font_manager.fontManager.ttflist if e.name.startswith(png.BOXES)]
        monkeypatch.setattr(font_manager.fontManager, "ttflist", boxes)
        with pytest.raises(png.NoPng, match=r"font that has '李'.*use the SVG"):
            png.card_png(first(name="李雷"), "light")

    def test_another_font_of_the_machine_helps_out(self, monkeypatch):
        fonts = {"DejaVu Sans": set(), "DejaVu Serif": set(), "Own Font": set(map(ord, "李雷"))}
        monkeypatch.setattr(png, "characters", fonts.__getitem__)
        monkeypatch.setattr(png, "font_with", lambda character: "Own Font")
        assert png.families("李雷", serif=True) == ["DejaVu Serif", "DejaVu Sans", "Own Font"]


class TestWithoutMatplotlib:
    def test_everything_else_is_made(self, monkeypatch, tmp_path):
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        files, missing = card_files(tmp_path, all_cards()[:1])
        assert sorted(file.suffix for file in files) == [".md", ".svg", ".svg", ".txt"]
        assert missing == 'PNG needs matplotlib: python -m pip install "matplotlib>=3.11"'

    def test_an_older_one_is_named(self, monkeypatch):
        import matplotlib

        monkeypatch.setattr(matplotlib, "__version__", "3.8.4")
        with pytest.raises(
            png.NoPng, match=r"newer matplotlib than 3\.8\.4: python -m pip install"
        ):
            png.card_png(first(), "light")


class TestWords:
    def test_a_readme_shows_the_theme_of_whoever_looks(self):
        text = words.readme_markdown(first())
        assert 'media="(prefers-color-scheme: dark)" srcset="1957-perceptron-dark.svg"' in text
        assert 'src="1957-perceptron-light.svg"' in text
        assert "| trained accuracy | 100% | at least 99% |" in text
        assert f"source {proved.DIGEST}, specs {proved.SPECS}" in text
        assert "`pytest -p tinytorch --milestone 1957`" in text

    def test_hostile_text_means_nothing_to_markdown(self):
        text = words.readme_markdown(
            first(title=HOSTILE, sentences=(HOSTILE + '"',), origin=HOSTILE)
        )
        rest = re.sub(r"</?(picture|source|img)\b[^>]*>", "", text)
        assert not re.search(r"(?<!\\)<", rest)
        assert "\\*\\*bold" in rest
        assert "\u202e" not in text
        assert text.count('alt="') == 1

    def test_a_profile_has_the_numbers(self):
        assert words.profile_text(first()) == (
            "I have trained a neuron that tells two digits apart"
            " (untrained accuracy 47.5%, trained accuracy 100%).\n"
            "1957, The perceptron: milestone 1 of 6. Modules 01–07 written by me, on NumPy."
        )


def test_svg_has_room_in_a_browser(tmp_path):
    """There its fonts are those of the machine."""
    script = """[...document.querySelectorAll('text')].map((text) => {
        const box = text.getBoundingClientRect();
        return [text.textContent, box.left, box.right, box.top, box.bottom];
    }).filter(([, left, right, top, bottom]) => left < 40 || right > 1160 || top < 0 || bottom > 630)"""
    with browser.running() as chromium:
        tab = chromium.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        for card in all_cards(LONG):
            file = tmp_path / f"{card.slug}.svg"
            file.write_text(card_svg(card, "dark"), encoding="utf-8")
            tab.goto(file.as_uri())
            assert tab.evaluate(script) == [], card.slug
