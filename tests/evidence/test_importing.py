"""Source becomes code once, however many specs ask for it, and so does what is wrong with it."""

from __future__ import annotations

import builtins

import pytest

from pytest_tinytorch.evidence import importing


@pytest.fixture
def compiled(monkeypatch):
    """What has been compiled since."""
    found = []
    compiles = builtins.compile

    def counting(source, *rest, **named):
        found.append(source)
        return compiles(source, *rest, **named)

    importing._compiled.cache_clear()
    importing.compile_allowed.cache_clear()
    monkeypatch.setattr(builtins, "compile", counting)
    return found


@pytest.mark.parametrize(
    ("source", "kind", "line"),
    [
        (b"x = (\n", SyntaxError, 1),
        (b"if x:\ny\n", IndentationError, 2),
        (b"if x:\n\ty\n        z\n", TabError, 3),
        (b"x\n\0", SyntaxError, 2),
        (b"x\nimport reference\n", importing.ForbiddenImport, 2),
    ],
    ids=["open", "indented", "tabs", "null", "forbidden"],
)
def test_what_cannot_be_compiled_is_tried_once_and_told_each_time(compiled, source, kind, line):
    told = []
    for _ in range(3):
        with pytest.raises(SyntaxError) as raised:
            importing.compile_allowed(source, "tinytorch/tensor.py")
        told.append(raised.value)
    assert compiled == [source]
    assert len({*map(id, told)}) == 3, "each is its own: a traceback is added to what is raised"
    assert {(type(e), e.filename, e.lineno, e.msg) for e in told} == {
        (kind, "tinytorch/tensor.py", line, told[0].msg)
    }


def test_what_can_is_compiled_once(compiled):
    first, second = (importing.compile_allowed(b"x = 1\n", "a.py") for _ in range(2))
    assert first is second
    assert compiled == [b"x = 1\n"]
