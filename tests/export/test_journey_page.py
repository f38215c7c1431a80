"""The journey page in a real browser: at every stage, width and theme, by keyboard and on paper."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_tinytorch.export import formats
from pytest_tinytorch.export.journey import flow
from tests.support import browser, journeys, kit, pages

WIDTHS = (360, 768, 1440)
AUDITS = {
    "nothing": [(1440, "dark")],
    "half": [(1440, "light"), (360, "dark")],
    "finished": [(360, "light")],
}
"""Stage to the widths and themes at which axe looks at it: that takes seconds. Contrast takes most
of them, and is looked at half way, where every state occurs."""
PROBES = Path(pages.__file__).with_name("probes.js").read_text(encoding="utf-8")
OPEN = "[...document.querySelectorAll('details.unit')].filter((unit) => unit.open).length"
PAPER = "getComputedStyle(document.body).backgroundColor"
KEPT = "localStorage.getItem('tinytorch-theme')"


@pytest.fixture(scope="module")
def chromium():
    with browser.running() as found:
        yield found


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Stage to its page, as a file, with a picture of 1998."""
    folder = tmp_path_factory.mktemp("pages")
    plots = folder / ".tinytorch" / "plots"
    plots.mkdir(parents=True)
    (plots / "04_filters.png").write_bytes(journeys.png(640, 480))
    for stage in AUDITS:
        formats.write_export(journeys.at(stage), "html", folder / f"{stage}.html", folder)
    return {stage: folder / f"{stage}.html" for stage in AUDITS}


@pytest.fixture(scope="module")
def usual(chromium):
    """A tab that tests use one after the other: to open a new one takes long."""
    with chromium.new_context() as context:
        yield context.new_page()


@pytest.fixture
def show(usual, chromium, files):
    """Open a stage's page. In the end nothing went wrong, and nothing but the file was asked for."""
    tabs, troubles, asked = [], [], set()
    listeners = {
        "console": lambda message: troubles.append(f"{message.type}: {message.text}"),
        "pageerror": lambda error: troubles.append(str(error)),
        "requestfailed": lambda request: troubles.append(f"failed: {request.url[:80]}"),
        "request": lambda request: asked.add(request.url.partition("#")[0].partition(",")[0]),
    }

    def opened(stage, width=1440, theme="light", **options):
        tab = chromium.new_context(**options).new_page() if options else usual
        tabs.append(tab)
        tab.set_viewport_size({"width": width, "height": 900})
        tab.emulate_media(color_scheme=theme, media="screen", reduced_motion="reduce")
        for event, listener in listeners.items():
            tab.on(event, listener)
        tab.goto(files[stage].as_uri())
        return tab

    yield opened
    for tab in tabs:
        for event, listener in listeners.items():
            tab.remove_listener(event, listener)
        if tab is usual:
            tab.evaluate("localStorage.clear()")
        else:
            tab.context.close()
    assert not troubles
    assert asked - {"data:", "data:image/png;base64"} <= {f.as_uri() for f in files.values()}


def probe(tab, name):
    return tab.evaluate(f"() => {{ {PROBES}; return {name}(); }}")


def keep(tab, name):
    """A screenshot for people, if the environment names a folder for them."""
    if folder := os.environ.get("TINYTORCH_SCREENSHOTS"):
        tab.screenshot(path=Path(folder) / f"journey-{name}.png", full_page=True)


@pytest.mark.parametrize("stage", AUDITS)
def test_fits_every_screen_and_can_be_used_by_everybody(show, stage):
    tab = show(stage)
    tab.locator("summary", has_text="1998").click()
    assert tab.evaluate("document.images[0].naturalWidth") == 640
    for width in WIDTHS:
        tab.set_viewport_size({"width": width, "height": 900})
        for theme in ("light", "dark"):
            tab.emulate_media(color_scheme=theme)
            keep(tab, f"{stage}-{width}-{theme}")
            if (width, theme) in AUDITS[stage]:
                assert browser.violations(tab, contrast=stage == "half") == [], (width, theme)
    tab.get_by_role("button", name="Open all").click()
    for width in WIDTHS:
        tab.set_viewport_size({"width": width, "height": 900})
        for name in ("sideways", "collisions", "spills", "throughs"):
            assert probe(tab, name) == [], (name, width)


def test_keys_reach_everything_in_order_and_show_where_they_are(show):
    tab = show("half")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "skip"
    assert tab.locator(".skip").bounding_box()["y"] >= 0
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "content"
    tab.locator("nav a").last.focus()
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.id") == "theme"
    assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    units = flow.order(kit.course())
    tab.locator("svg.flow.wide a").first.focus()
    ring = "getComputedStyle(document.activeElement.querySelector('.halo')).strokeWidth"
    for unit in units:
        assert tab.evaluate("document.activeElement.getAttribute('href')") == f"#{unit.id}"
        assert tab.evaluate(ring) == "3.5px"
        tab.keyboard.press("Tab")
    before = tab.evaluate(OPEN)
    tab.locator("summary").first.focus()
    tab.keyboard.press("Enter")
    assert tab.evaluate(OPEN) == before + 1
    assert tab.locator("#checkpoint-00").is_visible()


def test_what_needs_what_is_lit_and_told(show):
    tab = show("half")
    node = tab.locator("svg.needs.wide a[data-unit='checkpoint-06']")
    for start, stop in ((node.hover, lambda: tab.mouse.move(0, 0)), (node.focus, node.blur)):
        start()
        assert tab.locator("svg.needs.wide .node.lit").count() == 17
        assert tab.locator("#told").inner_text() == (
            "06 optimizers needs 00, 01, 02, 03, 04, 05. "
            "It is needed by 07, 09, 13, 14, 15, 16, 17, 18, 19, 20."
        )
        stop()
        assert tab.locator("#told").inner_text().startswith("Point at a checkpoint")
        assert tab.locator("svg.needs.lit").count() == 0


def test_sections_open_by_links_all_at_once_and_to_be_printed(show):
    tab = show("half")
    assert tab.evaluate(OPEN) == 1
    assert tab.locator("#checkpoint-03").is_visible()
    tab.locator("svg.flow.wide a[href='#milestone-05']").click()
    assert tab.locator("#milestone-05").is_visible()
    assert tab.locator("summary", has_text="2017").bounding_box()["y"] > 0
    assert tab.evaluate(OPEN) == 2
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert tab.evaluate(OPEN) == 27
    tab.evaluate("dispatchEvent(new Event('afterprint'))")
    assert tab.evaluate(OPEN) == 2
    tab.get_by_role("button", name="Open all").click()
    assert tab.evaluate(OPEN) == 27
    tab.get_by_role("button", name="Close all").click()
    assert tab.evaluate(OPEN) == 0


def test_the_theme_is_the_systems_until_one_is_chosen_and_that_is_kept(show):
    tab = show("nothing", theme="dark", locale="en")
    dark, button = tab.evaluate(PAPER), tab.get_by_role("button", name="Dark")
    assert button.get_attribute("aria-pressed") == "true"
    assert tab.evaluate(KEPT) is None
    button.click()
    assert tab.evaluate(PAPER) != dark
    assert button.get_attribute("aria-pressed") == "false"
    assert tab.evaluate(KEPT) == "light"
    button.click()
    assert tab.evaluate(PAPER) == dark
    assert tab.evaluate(KEPT) == "dark"


def test_a_theme_that_was_kept_is_there_when_the_page_is_opened(show):
    # A script keeps it, no click: Chromium may open the page before what a click kept has arrived.
    tab = show("nothing", theme="dark", locale="en")
    dark = tab.evaluate(PAPER)
    tab.add_init_script("localStorage.setItem('tinytorch-theme', 'light')")
    tab.reload()
    assert tab.evaluate(PAPER) != dark
    assert tab.get_by_role("button", name="Dark").get_attribute("aria-pressed") == "false"


def test_a_browser_that_keeps_nothing_has_themes_too(show):
    tab = show("nothing", locale="en")
    tab.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no'); }})"
    )
    tab.reload()
    light = tab.evaluate(PAPER)
    tab.get_by_role("button", name="Dark").click()
    assert tab.evaluate(PAPER) != light


def test_without_scripts_links_open_sections_and_on_paper_all_are_open(show):
    tab = show("half", width=360, theme="dark", java_script_enabled=False)
    seen = "[...document.querySelectorAll('.body')].filter((body) => body.checkVisibility()).length"
    assert tab.locator("button:visible").count() == 0
    assert not tab.locator("#told").is_visible()
    assert not tab.locator("#checkpoint-12").is_visible()
    tab.locator("svg.flow.narrow a[href='#checkpoint-12']").click()
    assert tab.locator("#checkpoint-12").is_visible()
    assert tab.evaluate(seen) == 2
    tab.emulate_media(media="print")
    assert tab.evaluate(seen) == 27
    for hidden in ("nav", ".skip", "#theme", "#unfold", "#told", "#next", "svg.narrow"):
        assert not tab.locator(hidden).first.is_visible(), hidden
    assert tab.evaluate(PAPER) == "rgb(255, 255, 255)"


class TestWithoutABrowser:
    def test_tests_are_skipped_and_say_what_to_install(self, monkeypatch):
        monkeypatch.setattr(browser, "find", lambda: None)
        monkeypatch.delenv("CI", raising=False)
        with pytest.raises(pytest.skip.Exception, match="install Chromium"):
            browser.path()

    def test_they_fail_on_a_ci_server(self, monkeypatch):
        monkeypatch.setattr(browser, "find", lambda: None)
        monkeypatch.setenv("CI", "true")
        with pytest.raises(pytest.fail.Exception, match="TINYTORCH_BROWSER"):
            browser.path()
