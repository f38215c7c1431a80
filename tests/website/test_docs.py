"""The documentation: its examples run, its pages are whole, and it shows of a run what a run prints."""

from __future__ import annotations

import ast
import doctest
import re
import shutil
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from pytest_tinytorch.course.options import Options
from pytest_tinytorch.evidence import ledger
from pytest_tinytorch.evidence.implementation import Implementation
from pytest_tinytorch.evidence.importing import Finder
from pytest_tinytorch.evidence.workspace import open_workspace
from tests.support import kit, shared, toy

DOCS = kit.ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md")) + sorted((kit.ROOT / "milestones").glob("*/README.md"))
FENCE = re.compile(r"^( *)```([^\n]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
SHOWN = re.compile(r"^<!-- run: ([^\n]+) -->\n```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SECTIONS = (
    "The idea",
    "The mathematics",
    "The systems view",
    "Check your understanding",
    "Further reading",
)
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def reference():
    """The worked solution as `tinytorch`."""
    others = [finder for finder in sys.meta_path if not isinstance(finder, Finder)]
    with pytest.MonkeyPatch.context() as patch:
        solved = Finder(Implementation(kit.REFERENCE, kit.REFERENCE))
        patch.setattr(sys, "meta_path", [solved, *others])
        before = [name for name in sys.modules if name.partition(".")[0] == "tinytorch"]
        for name in before:
            patch.delitem(sys.modules, name)
        yield
        for name in [name for name in sys.modules if name.partition(".")[0] == "tinytorch"]:
            del sys.modules[name]


def fences(file):
    """(language, text, line) of each block of code in a page."""
    text = file.read_text(encoding="utf-8")
    for found in FENCE.finditer(text):
        body = "\n".join(line.removeprefix(found[1]) for line in found[3].splitlines())
        yield found[2].strip(), body + "\n", text.count("\n", 0, found.start()) + 1


@pytest.mark.parametrize("file", PAGES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_examples_run(file, reference):
    """All with prompts, in one session a page; `{.python .example}` runs too; other Python parses."""
    names = {"np": np}
    runner = doctest.DocTestRunner(verbose=False)
    for language, text, line in fences(file):
        if ">>> " in text:
            found = doctest.DocTestParser().get_doctest(text, names, file.name, str(file), line)
            said = []
            runner.run(found, out=said.append, clear_globs=False)
            names |= found.globs
            assert not runner.failures, "".join(said)
        elif language == "{.python .example}":
            exec(compile(text, str(file), "exec"), dict(names))
        elif language == "python":
            ast.parse(text)


def test_examples_that_are_wrong_are_noticed(tmp_path, reference):
    page = tmp_path / "page.md"
    page.write_text("```python\n>>> 1 + 1\n3\n```\n", encoding="utf-8")
    with pytest.raises(AssertionError, match="Failed example"):
        test_examples_run(page, None)


def test_every_unit_has_its_page():
    names = {f"{unit.number}_{unit.name}" for unit in kit.course().checkpoints}
    assert {file.stem for file in (DOCS / "modules").glob("*.md")} == names
    assert {file.stem for file in (DOCS / "pictures").glob("*.svg")} >= names
    for unit in kit.course().milestones:
        text = (kit.ROOT / unit.spec_path / "README.md").read_text(encoding="utf-8")
        assert text.startswith(f"# {unit.year} · {unit.title}\n")
        assert {"## The idea", "## Run it", "## Sources"} <= set(text.splitlines())


@pytest.mark.parametrize("unit", kit.course().checkpoints, ids=lambda unit: unit.name)
def test_a_page_of_a_module_is_whole(unit):
    text = (DOCS / "modules" / f"{unit.number}_{unit.name}.md").read_text(encoding="utf-8")
    assert tuple(re.findall(r"^## (.+)$", text, re.MULTILINE)) == SECTIONS
    assert f'\n--8<-- "docs/pictures/{unit.number}_{unit.name}.svg"\n' in text
    asked = text.partition("## Check your understanding")[2].partition("## Further reading")[0]
    answers = re.findall(r'^\?\?\? question "[^\n]+"\n\n?    \S', asked, re.MULTILINE)
    assert len(answers) == asked.count("???") == 5
    assert not re.search(r"^# ", text, re.MULTILINE), "the title comes from the curriculum"


@pytest.mark.parametrize("file", sorted((DOCS / "pictures").glob("*.svg")), ids=lambda f: f.stem)
def test_a_picture_has_words_and_no_colors_of_its_own_for_them(file):
    root = ET.parse(file).getroot()
    assert root.tag == f"{SVG}svg"
    assert "viewBox" in root.attrib
    names = {child.get("id"): child.tag for child in root}
    labels = root.get("aria-labelledby", "").split()
    assert [names[label] for label in labels] == [f"{SVG}title", f"{SVG}desc"]
    assert all((root.findtext(f"{SVG}{tag}") or "").strip() for tag in ("title", "desc"))
    for fill in set(fills_of_text(root, "black")) - {"currentColor"}:
        assert min(contrast(fill, paper) for paper in papers()) >= 3, f"{fill} is hard to read"
    ids = re.findall(r'\bid="([^"]+)"', file.read_text(encoding="utf-8"))
    assert len(ids) == len(set(ids))


def fills_of_text(node, inherited):
    """The color of every text in a drawing, whoever has set it."""
    style = dict(part.split(":") for part in node.get("style", "").split(";") if ":" in part)
    fill = style.get("fill", node.get("fill", inherited)).strip()
    if node.tag in (f"{SVG}text", f"{SVG}tspan") and "".join(node.itertext()).strip():
        yield fill
    for child in node:
        yield from fills_of_text(child, fill)


def papers():
    """The backgrounds of the site, light and dark."""
    css = (DOCS / "assets" / "extra.css").read_text(encoding="utf-8")
    found = re.findall(r"--md-default-bg-color: (#\w{6});", css)
    assert len(found) == 2
    return found


def contrast(one, other):
    """The contrast of two colors, as WCAG defines it: 3 is asked for of large letters."""
    dark, light = sorted(map(luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(color):
    shares = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


def test_colors_for_one_background_only_are_noticed():
    assert round(contrast("#000000", "#ffffff")) == 21
    for color in ("#000000", "#1f3d5c", "#ffffff", "#f0d0b0"):
        assert min(contrast(color, paper) for paper in papers()) < 3


def test_colors_of_letters_are_found():
    drawing = f'<svg xmlns="{SVG[1:-1]}" fill="currentColor"><g fill="red"><text>a</text></g>'
    drawing += '<text style="fill: white">b</text><text>c</text></svg>'
    found = list(fills_of_text(ET.fromstring(drawing), "black"))
    assert found == ["red", "white", "currentColor"]


RUNS = {
    "nothing written yet": ((), {}, "01"),
    "softmax without the maximum": (
        ("tensor", "activations"),
        {"precision.exponentials(x, dim)": "np.exp(x), np.exp(x).sum(axis=dim, keepdims=True)"},
        "02",
    ),
}
"""What pages show of runs: the modules that are solved, what is then changed, the checkpoint."""


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """What gives the output of one of these runs, which is made in a workspace of its own."""
    place = lambda name: re.sub(r"\W+", "-", f"run of {name}")
    make = lambda name: lambda root: (root / "output").write_text(output_of(name, root), "utf-8")
    folder = lambda name: shared.folder(tmp_path_factory, place(name), make(name))
    return lambda name: (folder(name) / "output").read_text(encoding="utf-8").splitlines()


def output_of(name, root):
    """What a run prints in this folder, which becomes a workspace."""
    solved, changes, number = RUNS[name]
    for part in ("specs", "reference"):
        shutil.copytree(kit.ROOT / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
    for part in ("milestones", "datasets"):
        shutil.copytree(kit.ROOT / part, root / part)
    for file in ("conftest.py", "pyproject.toml"):
        shutil.copy(kit.ROOT / file, root / file)
    texts = {module: changed(kit.reference_text(module), changes) for module in solved}
    kit.mixture(root, solved, texts)
    prove(root, [f"checkpoint-{n:02}" for n in range(int(number))])
    return toy.pytest_in(root, f"--checkpoint={number}", "--hypothesis-seed=0").output


def prove(root, units):
    """Let the ledger say that these units have passed, so that only what is shown has to run."""
    events = [
        ledger.Event(unit, "passed", *digests, outcomes={"passed": 1}, own=True, at="2026-01-01")
        for unit, digests in open_workspace(root, Options()).digests.items()
        if unit in units
    ]
    ledger.append_events(root / ".tinytorch" / "ledger.jsonl", events)


def changed(text, changes):
    for before, after in changes.items():
        text = text.replace(before, after)
    return text


@pytest.mark.parametrize("file", PAGES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_what_pages_show_of_a_run_is_what_it_prints(file, request):
    for name, text in SHOWN.findall(file.read_text(encoding="utf-8")):
        output = request.getfixturevalue("shown")(name)
        for line in text.splitlines():
            assert line in output, f"a run ({name}) does not print {line!r}"


def test_runs_are_shown_somewhere():
    named = {n for f in PAGES for n, _ in SHOWN.findall(f.read_text(encoding="utf-8"))}
    assert named == set(RUNS)
