"""The site: built strictly, it leads nowhere wrong, loads nothing from outside, and gives nothing away."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from msgspec.structs import replace

from pytest_tinytorch.course import exercises
from pytest_tinytorch.course.curriculum import Unit
from pytest_tinytorch.lessons import markup
from pytest_tinytorch.website import (
    commands,
    docstrings,
    formulas,
    milestones,
    pictures,
    tables,
    text,
    weeks,
)
from tests.support import browser, kit, pages, shared

WHOLE, LINE = 20, 32
"""Bodies and lines with fewer characters are too common to be a solution: ``return self``, a call."""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """(folder, its pages) of one build, strictly."""
    folder = shared.folder(tmp_path_factory, "site", build)
    return folder, {file: pages.read(file) for file in folder.rglob("*.html")}


@pytest.mark.slow
def test_the_site_is_whole(site):
    """Everything that its pages must keep to."""
    folder, built = site
    assert pages.broken(built) == []
    loads = {address for page in built.values() for address in page.loads}
    assert [address for address in loads if pages.is_outside(address)] == []
    outside = {a for page in built.values() for a in page.links if pages.is_outside(a)}
    assert [address for address in outside if not address.startswith("https://")] == []
    for css in folder.rglob("*.css"):
        assert not re.search(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//", css.read_text("utf-8"))
    assert solutions_in(built) == []
    assert not list(folder.rglob("*.py"))
    for file in built:
        raw = file.read_text(encoding="utf-8")
        assert "arithmatex" not in raw, f"{file.name} has a formula that is no MathML"
        assert "<!-- generated" not in raw
    for unit in kit.course().units:
        page = built[folder / text.page_of(unit).replace(".md", ".html")]
        assert pages.squeezed(f"{unit.year or unit.number} · {unit.title}") in page.text
    check_options(built[folder / "options.html"])
    index = (folder / "search" / "search_index.js").read_text(encoding="utf-8")
    assert index.startswith("var __index = {")
    assert all(text.page_of(unit).replace(".md", ".html") in index for unit in kit.course().units)


def test_pictures_of_the_course_fit_every_screen(site):
    """In a browser: nothing is cut off or lies on something else, and a key shows where it is."""
    from playwright.sync_api import sync_playwright

    probes = Path(pages.__file__).with_name("probes.js").read_text(encoding="utf-8")
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=browser.path()) as running,
    ):
        tab = running.new_page()
        for width in (360, 768, 1440):
            tab.set_viewport_size({"width": width, "height": 900})
            tab.goto(
                (site[0] / "course.html").as_uri()
            )  # the theme moves things when it is resized
            for name in ("sideways", "collisions", "spills", "throughs"):
                found = tab.evaluate(f"() => {{ {probes}; return {name}(); }}")
                assert found == [], (name, width)
            for picture in ("flow", "climb", "depth", "datasets", "needs", "cycle"):
                assert tab.locator(f".journey svg.{picture}:visible").count() == 1, (picture, width)
        tab.locator(".journey svg.flow.medium a").first.focus()
        ring = "getComputedStyle(document.activeElement.querySelector('.halo')).strokeWidth"
        assert tab.evaluate(ring) == "3.5px"


def build(site):
    """Build the site strictly, in this folder."""
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)],
        cwd=kit.ROOT,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def check_options(page):
    """Every option that pytest's own help lists for the plugin, and every command that tito has."""
    shown = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tinytorch", "--help"],
        cwd=kit.ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    ).stdout
    section = shown.partition("\ntinytorch:")[2].partition("\n\n")[0]
    names = set(re.findall(r"^  (--[\w-]+)", section, re.MULTILINE))
    assert {"--checkpoint", "--borrow"} <= names
    assert all(name in page.text for name in names), names
    for command in ("tito module start", "tito path", "tito doctor"):
        assert pages.squeezed(command) in page.text


def solutions_in(built):
    """(page, exercise) wherever the body of an exercise of the reference is shown, or a long line of it."""
    texts = {file.name: page.text for file, page in built.items()}
    found = []
    for unit in kit.modules():
        source = kit.reference_text(unit.name)
        tree, lines = ast.parse(source), source.splitlines()
        for name in unit.hints:
            for secret in secrets(exercises.find_node(tree, name), lines):
                found += [(page, name) for page, text in texts.items() if secret in text]
    return found


def secrets(node, lines):
    """What must not be seen of an exercise: its body as a whole, and each line that is like no other."""
    if isinstance(node, ast.Expr):  # the rules of a gradient, which follow the name of the op
        shown = "".join(lines[node.lineno - 1 : node.end_lineno]).partition(",")[2]
        rules = pages.squeezed(shown)
        return [rules] * (len(rules) >= WHOLE)
    first = node.body[1] if ast.get_docstring(node) is not None else node.body[0]
    body = [pages.squeezed(line) for line in lines[first.lineno - 1 : node.end_lineno]]
    whole = "".join(body)
    return [line for line in body if len(line) >= LINE] + [whole] * (len(whole) >= WHOLE)


def test_a_solution_on_a_page_is_noticed(tmp_path):
    page = tmp_path / "page.html"
    page.write_text(
        "<code><b>np.exp</b>(x) <i>precision.exponentials(x,</i></code>", encoding="utf-8"
    )
    assert solutions_in({page: pages.read(page)}) == []
    line = "weights, total = precision.exponentials(x, dim)"
    assert line in kit.reference_text("activations")
    page.write_text(f"<pre>{line.replace('x', '<b>x</b>')}</pre>", encoding="utf-8")
    assert ("page.html", "softmax") in solutions_in({page: pages.read(page)})
    rule = "relu, lambda g, ans, x: keep(g, ~(x &lt;= 0)))"
    page.write_text(f"<pre>{rule}</pre>", encoding="utf-8")
    assert ("page.html", "gradient of relu") in solutions_in({page: pages.read(page)})


def test_links_and_loads_are_found(tmp_path):
    page, other = tmp_path / "a.html", tmp_path / "b.html"
    other.write_text('<h2 id="there">There</h2>', encoding="utf-8")
    page.write_text(
        '<a href="b.html#there">fine</a> <a href="b.html#nowhere">no</a> <a href="c.html">no</a>'
        ' <script src="https://cdn.example/x.js">"<a href=no>"</script> <img src="gone.png">'
        ' <a href="https://example.org">a link is no load</a>',
        encoding="utf-8",
    )
    built = {file: pages.read(file) for file in (page, other)}
    gone = ["b.html#nowhere", "c.html", "gone.png"]
    assert pages.broken(built) == [f"a.html: {address}" for address in gone]
    outside = [address for address in built[page].loads if pages.is_outside(address)]
    assert outside == ["https://cdn.example/x.js"]


class TestFormulas:
    def test_become_mathml(self):
        html = r'<p><span class="arithmatex">\(a &lt; -b\)</span></p>'
        made = formulas.to_mathml(html, "page.md")
        assert made.startswith(
            '<p><math xmlns="http://www.w3.org/1998/Math/MathML" display="inline">'
        )
        assert '<mo form="prefix">&#x02212;</mo>' in made
        assert "arithmatex" not in made

    def test_that_are_no_latex_name_the_page(self):
        html = r'<div class="arithmatex">\[\unheardof{x}\]</div>'
        with pytest.raises(ValueError, match=r"page\.md.*unheardof"):
            formulas.to_mathml(html, "page.md")


PACES = [
    (path, int(count)) for path in kit.course().learning_paths for count in path.weeks.split("-")
]


class TestWeeks:
    @pytest.mark.parametrize(("path", "count"), PACES, ids=lambda x: getattr(x, "name", x))
    def test_every_week_has_work_and_every_module_a_time(self, path, count):
        planned = weeks.plan(weeks.held(kit.course(), path), count)
        assert len(planned) == count
        assert all(planned)
        order = [unit.number for week in planned for unit in week]
        assert tuple(dict.fromkeys(order)) == path.numbers
        assert order == sorted(order)

    def test_harder_modules_are_given_more(self):
        easy = Unit("checkpoint", "01", "easy", "Easy", stars=1)
        planned = weeks.plan([easy, replace(easy, number="02", stars=4)], 5)
        assert [[unit.number for unit in week] for week in planned] == [["01"]] + [["02"]] * 4


def test_examples_of_docstrings_are_blocks_of_code():
    given = "Add.\n\n>>> 1 + 1\n2\n\nMore."
    assert docstrings.spaced(given) == "Add.\n\n```pycon\n>>> 1 + 1\n2\n```\n\nMore."


class TestTables:
    def test_every_threshold_has_its_words(self):
        named = {name for unit in kit.course().milestones for name in unit.thresholds}
        assert set(milestones.WORDING) == named

    def test_what_has_a_meaning_in_markdown_is_escaped(self):
        assert markup.plain("a_b * c[0] | `d_e`") == r"a\_b \* c\[0\] \| `d_e`"

    def test_options_say_what_they_take(self):
        assert commands.written(("--hints",), {"metavar": "1..3"}) == "--hints 1..3"
        assert commands.written(("-t", "--todo-ok"), {"action": "store_true"}) == "-t, --todo-ok"
        optional = {"nargs": "?", "choices": ["tree", "horizontal"]}
        assert commands.written(("--timeline",), optional) == "--timeline[=tree|horizontal]"

    def test_every_decision_is_listed(self):
        folder = kit.ROOT / "docs" / "decisions"
        listed = tables.decisions(folder)
        assert all(f"({file.name})" in listed for file in folder.glob("0*.md"))


class TestPictures:
    """Those of the journey page, here without anybody's states; what they show is held there."""

    def test_lead_to_the_pages_of_units(self):
        for here, up in (("course.md", ""), ("modules/05_autograd.md", "../")):
            drawn = pictures.drawn("way", kit.course(), here)
            links = set(re.findall(r'href="([^"]+)"', drawn))
            found = {text.page_of(u).replace(".md", ".html") for u in kit.course().units}
            if up:
                assert "../milestones/03_mlp.html" in links
                assert "08_dataloader.html" in links
            else:
                assert links == found

    def test_have_colors_and_fonts_in_both_schemes(self):
        """What a picture takes from the page it stands on is there."""
        own = (kit.ROOT / "docs" / "assets" / "extra.css").read_text(encoding="utf-8")
        given = set(re.findall(r"^  (--[\w-]+):", own, re.MULTILINE))
        drawn = "".join(pictures.drawn(name, kit.course(), "course.md") for name in pictures.ALBUM)
        rules = [
            rule
            for rule in re.findall(r"^ *([^{}]+) {([^{}]*)}", pictures.style(), re.MULTILINE)
            if any(
                f'"{name}' in drawn or f" {name}" in drawn
                for name in re.findall(r"\.([\w-]+)", rule[0])
            )
        ]
        used = {name for _, body in rules for name in re.findall(r"var\((--[\w-]+)", body)}
        assert "--line" in used
        states = {
            "--passed",
            "--wrong",
            "--todo",
            "--stale",
            "--borrowed",
            "--locked",
            "--open",
            "--state",
        }
        assert used - states <= given


def test_the_site_is_no_part_of_what_learners_install():
    """Neither the wheel nor a run of the specs has anything to do with MkDocs."""
    table = tomllib.loads((kit.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "pytest_tinytorch.website*" in table["tool"]["setuptools"]["packages"]["find"]["exclude"]
    needed = " ".join(table["project"]["dependencies"])
    assert "mkdocs" not in needed
    for file in (kit.ROOT / "pytest_tinytorch").rglob("*.py"):
        if file.parent.name != "website":
            assert "pytest_tinytorch.website" not in file.read_text(encoding="utf-8"), file
