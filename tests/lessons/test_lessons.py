"""The lessons: each unit has one, it gives nothing away, and it can be read offline wherever it is opened."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_tinytorch.course.selection import UnknownName
from pytest_tinytorch.lessons import browser, find, formulas, lines, markup, page, reading
from pytest_tinytorch.terminal.glyphs import UNICODE
from pytest_tinytorch.tito.drawings import draw
from tests.support import kit, pages
from tests.website.test_site import solutions_in

UNITS = kit.course().units


@pytest.fixture(scope="module")
def files():
    """Path to text of everything in the folder of lessons."""
    return page.workspace_lessons(kit.ROOT, kit.course())


@pytest.fixture(scope="module")
def built(files, tmp_path_factory):
    """Every lesson as a page of HTML, by its file."""
    folder = tmp_path_factory.mktemp("lessons")
    found = {}
    for path, text in files.items():
        if path.endswith(".md"):
            file = (folder / Path(path).name).with_suffix(".html")
            html = browser.html_page(text, path, kit.ROOT / "docs" / "pictures")
            file.write_text(html, encoding="utf-8")
            found[file] = pages.read(file)
    return found


def test_every_unit_has_a_lesson_with_a_section_for_each_exercise(files):
    for unit in UNITS:
        text = files[f"lessons/{page.file_name(unit)}"]
        assert text.startswith(f"# {unit.year or unit.number} · {unit.title}\n")
        for name in unit.hints:
            section = reading.section(text, name)
            assert name.rpartition(".")[2].split()[-1] in section
            assert f"tito module hint {unit.number}" in section
    assert set(re.findall(r"\]\((\w+\.md)\)", files["lessons/README.md"])) == {
        page.file_name(unit) for unit in UNITS
    }


def test_only_common_markdown_is_left(files):
    for path, text in files.items():
        if path.endswith(".md"):
            assert not re.search(r"^(--8<--|\?\?\?|:::|<!--)", text, re.MULTILINE), path
    shown = {name for text in files.values() for name in re.findall(r"\]\((pictures/\S+)\)", text)}
    assert {f"lessons/{name}" for name in shown} == {p for p in files if p.endswith(".svg")}


def test_pages_lead_nowhere_wrong_and_load_nothing(built):
    assert len(built) == len(UNITS) + 1
    assert pages.broken(built) == []
    loads = {address for one in built.values() for address in one.loads}
    assert loads == set()


def test_formulas_are_mathml_on_pages_and_words_in_a_terminal(files, built):
    for file in built:
        raw = re.sub(
            r"<(pre|code)\b.*?</\1>", "", file.read_text(encoding="utf-8"), flags=re.DOTALL
        )
        assert "$" not in raw, file.name
    assert "<math" in next(f for f in built if f.stem == "02_activations").read_text("utf-8")
    shown = reading.readable(files["lessons/02_activations.md"])
    assert "error is 1/(4n²): with" in shown
    assert not re.search(r"\$\S", shown)


def test_lessons_show_no_line_of_the_worked_solution(built):
    assert solutions_in(built) == []


@dataclass
class Page:
    text: str


def test_a_solution_in_a_lesson_would_be_noticed():
    line = "weights, total = precision.exponentials(x, dim)"
    assert solutions_in({Path("a.html"): Page(pages.squeezed(line))})[0] == ("a.html", "softmax")


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"\frac{1}{4 n^2} \le e^{-x}", "1/(4n²) ≤ e^(−x)"),
        (r"c_k = \sum_j W_{jk}", "cₖ = ∑ⱼ Wⱼₖ"),
        (r"196{,}608 \approx 2 \cdot 10^{-9}", "196,608 ≈ 2 · 10⁻⁹"),
        (r"\hat{x} = (x - \mu) / \sigma", "x̂ = (x − μ)/σ"),
        (r"\sqrt{2L} \qquad X^\top G", "√(2L) XᵀG"),
        (r"\unheardof{x}", r"\unheardof{x}"),
    ],
)
def test_a_formula_in_a_line_of_text(latex, text):
    assert formulas.line_of_text(latex) == formulas.converted(latex) == text


def test_the_formulas_of_the_kits_lessons_are_kept_as_they_are_converted():
    remedy = "run `python -m pytest_tinytorch.lessons.lines`"
    assert formulas.LINES.read_text("utf-8") == lines.json_text(kit.ROOT, kit.course()), remedy


@pytest.mark.parametrize("text", [None, "", "[]", '{"a": 1}'])
def test_where_none_are_kept_they_are_converted(tmp_path, monkeypatch, text):
    file = tmp_path / "formulas.json"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    monkeypatch.setattr(formulas, "LINES", file)
    formulas.kept_lines.cache_clear()
    assert formulas.line_of_text(r"x \le 1") == "x ≤ 1"
    formulas.kept_lines.cache_clear()


def test_without_color_a_terminal_shows_the_same_letters(files):
    text = files["lessons/05_autograd.md"]
    colored, plain = (
        draw(reading.fitting(text, 80, color), 80, color, UNICODE) for color in (True, False)
    )
    assert "```" in text
    assert re.sub("\x1b\\[[0-9;]*m", "", colored).split() == plain.split()


def test_a_dollar_in_code_is_a_dollar():
    made = markup.with_formulas(
        "`$a$` $b$\n```sh\n$ cd $HOME\n```\n$$c$$", lambda x, alone: f"<{x}>"
    )
    assert made == "`$a$` <b>\n```sh\n$ cd $HOME\n```\n<c>"


def test_in_a_terminal_answers_come_after_all_questions(files):
    text = reading.readable(files["lessons/02_activations.md"])
    assert "<details>" not in text
    assert text.index("A network of ten Linear layers") < text.index("A relu unit outputs 0")
    assert text.index("A relu unit outputs 0") < text.index(
        "Not better: the product of ten matrices"
    )


def test_a_section_ends_where_the_next_begins():
    text = "# A\n\n## B\n\n```sh\n# no heading\n```\n\n### C\n\nc\n\n## D\n"
    assert reading.section(text, "B") == "## B\n\n```sh\n# no heading\n```\n\n### C\n\nc\n"
    assert reading.section(text, "c") == "### C\n\nc\n"
    with pytest.raises(LookupError):
        reading.section(text, "E")


@pytest.mark.parametrize(
    ("words", "unit", "exercise"),
    [
        ("05", "05 autograd", ""),
        ("attention", "12 attention", ""),
        ("03_layers", "03 layers", ""),
        ("1998", "1998 cnn", ""),
        ("milestone 04", "1998 cnn", ""),
        ("milestone cnn", "1998 cnn", ""),
        ("module 04", "04 losses", ""),
        ("softmax", "02 activations", "softmax"),
        ("SOFTMAX", "02 activations", "softmax"),
        ("05 backward", "05 autograd", "backward"),
        ("05 mul", "05 autograd", "gradient of mul"),
        ("gradient of mul", "05 autograd", "gradient of mul"),
        ("linear.forward", "03 layers", "Linear.forward"),
        ("Linear", "03 layers", "Linear.__init__"),
        ("01 Tensor.__init__", "01 tensor", "Tensor.__init__"),
        ("01 tensor", "01 tensor", "tensor"),
        ("tensor", "01 tensor", ""),
        ("Tensor.item", "01 tensor", "Tensor.item"),
    ],
)
def test_what_words_mean(words, unit, exercise):
    topic = find.find_topic(kit.course(), words.split())
    assert (topic.unit.label, topic.exercise) == (unit, exercise)


@pytest.mark.parametrize(
    ("words", "error", "says"),
    [
        ("sofmax", find.NoLesson, "Did you mean 'softmax'"),
        ("05 bckward", find.NoLesson, "in 05 autograd. Did you mean 'backward'"),
        ("forward", find.NoLesson, "is ambiguous: 02 ReLU.forward, "),
        ("forward", find.NoLesson, "more. Write all of one, as in: 02 ReLU.forward"),
        ("mse_los", find.NoLesson, "Did you mean 'mse_loss' or 'MSELoss.forward'?"),
        ("asarray", find.NoLesson, "Did you mean 'as_array'?"),
        ("nothing", find.NoLesson, "exercise 'nothing'. `tito docs`"),
        ("milestone 1999", UnknownName, "unknown milestone '1999'"),
        ("milestone all", find.NoLesson, "is ambiguous: 1957 perceptron"),
        ("04_layers", UnknownName, "layers is 03, and 04 is losses"),
    ],
)
def test_words_that_mean_nothing_or_too_much(words, error, says):
    with pytest.raises(error) as caught:
        find.find_topic(kit.course(), words.split())
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("exercise", "told"),
    [
        ("softmax", ["**Softmax** is one.", "Of `softmax` and the sum."]),  # what is about it first
        ("Softmax.forward", ["**Softmax** is one.", "Of `softmax` and the sum."]),
        ("layer_norm", ["A layer norm has:\n\n$$x$$"]),  # a formula belongs to its sentence
        ("sum", []),  # an everyday word
        ("where", []),  # a word of a sentence, though in bold letters
        ("clip", []),  # code and questions explain nothing
    ],
)
def test_what_a_lesson_says_of_an_exercise(exercise, told):
    parts = [
        "Of `softmax` and the sum.",
        "**Softmax** is one.",
        "**Where an element lies.** There.",
    ]
    parts += ["A layer norm has:\n\n$$x$$", "```python\nclip\n```", "## Check your understanding"]
    text = "\n\n".join([*parts, "Does `clip` clip?"])
    assert reading.passages(text, exercise) == "\n\n".join(told)
