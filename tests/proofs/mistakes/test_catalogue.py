"""A mistake finds its passage in the syntax tree, exactly once, and puts something else in its place."""

from __future__ import annotations

import ast

import pytest

from tests.proofs.mistakes.catalogue import Mistake, apply, same

SOURCE = '''
@primitive
def f(x, *, keep=True):
    """Half of x."""
    if x.size and not keep:
        raise ValueError(f"{x.shape} is too much")
    elif x.flat:
        y = x + 1
    else:
        y = g(x, [1, 2])
    for part in y:
        part += 1
        part *= "2"
    h(y)
    for part in x:
        while part:
            part -= 1
    return y


class Box:
    def open(self, key):
        return self.content


defvjp(f, lambda g, ans, x: 2 * g, lambda g, ans, x: g)
'''

REWRITTEN = """
@primitive
def f(x : Array, * , keep : list[1, 2]=True ,)->f(x+1) :
    'Half of x.'
    if (x.size
        and (not keep)): raise ValueError(f'{x.shape}' ' is too much')  # a comment
    else:
        if x . flat: y : Array = (x+1)
        else:
            y: dict[y, x + 1] = (
                g(
                    x,
                    [1,
                     2,],
                )
            )
    for part in (y):
        part += 1 ; part *= '2'
    h( y )
    for part in x:
        while (part): part -= 1
    return ( y )


class Box:
    def open(self : Box, key : self.content)->self.content:
        return (self
                .content)


defvjp(
    f,
    lambda g,ans,x:2*g,
    lambda g,ans,x:(g),
)
"""


def mistake(replace, by, of="f"):
    return Mistake("a title", of, replace, by, turns_red="TestF")


def test_both_ways_to_write_it_mean_the_same():
    assert same(ast.parse(REWRITTEN), ast.parse(SOURCE))


@pytest.mark.parametrize("source", [SOURCE, REWRITTEN], ids=["as it is", "rewritten"])
@pytest.mark.parametrize(
    ("changed", "before", "after"),
    [
        # expressions
        (mistake("x + 1", "x - 1"), "x + 1", "x - 1"),
        (mistake("g( x,[ 1,2 ], )", "x"), "g(x, [1, 2])", "x"),
        (mistake("2", "3"), "[1, 2]", "[1, 3]"),
        (mistake("not keep", "a or b"), "not keep", "(a or b)"),
        (mistake("True", "False"), "keep=True", "keep=False"),
        (mistake("primitive", "composed"), "@primitive", "@composed"),
        (mistake("x.shape", "x.size"), "{x.shape}", "{x.size}"),
        (mistake('f"{x.shape} is too much"', "'No'"), 'f"{x.shape} is too much"', "'No'"),
        (mistake("self.content", "self", "Box.open"), "self.content", "self"),
        (mistake("2 * g", "g * 2", "gradient of f"), "2 * g", "g * 2"),
        # statements
        (mistake("y = x + 1", "y = x"), "y = x + 1", "y = x"),
        (mistake("h(y)", "pass"), "h(y)", "pass"),
        (mistake("h(y)", ""), "    h(y)\n", ""),
        (mistake("h(y)", "h(y)\nif x:\n    h(x)"), "h(y)", "h(y)\n    if x:\n        h(x)"),
        (mistake("\n    y = x + 1\n", "\n    y = x\n"), "y = x + 1", "y = x"),
        (mistake('part += 1\npart *= "2"', "break"), 'part += 1\n        part *= "2"', "break"),
        # headers, below which everything stays
        (mistake("for part in y:", "for part in x:"), "part in y", "part in x"),
        (mistake("if x.flat:", "if True:"), "elif x.flat", "elif True"),
        (mistake("for part in y:", "while y:"), "for part in y", "while y"),
        (mistake("for part in y:", "h(x)\nif x:"), "for part in y:", "h(x)\n    if x:"),
        (
            mistake("h(y)\nfor part in x:", "for part in h(y):"),
            "h(y)\n    for part in x",
            "for part in h(y)",
        ),
        (
            mistake("for part in x:\n    while part:", "while x:"),
            "for part in x:\n        while part:\n            part -= 1",
            "while x:\n        part -= 1",
        ),
        (
            mistake("for part in y:", "if x:\n    for part in x:"),
            'for part in y:\n        part += 1\n        part *= "2"',
            'if x:\n        for part in x:\n            part += 1\n            part *= "2"',
        ),
    ],
)
def test_takes_the_place_of_the_passage(source, changed, before, after):
    assert SOURCE.count(before) == 1
    wanted = ast.parse(SOURCE.replace(before, after))
    assert same(ast.parse(apply(source, changed)), wanted)


@pytest.mark.parametrize("source", [SOURCE, REWRITTEN], ids=["as it is", "rewritten"])
@pytest.mark.parametrize(
    ("replace", "of", "times"),
    [
        ("x + 2", "f", 0),
        ("'x + 1'", "f", 0),
        ("y = x", "f", 0),
        ("part += 1\nh(y)", "f", 0),
        ("for part in g:", "f", 0),
        ("for part in x:\n    while x:", "f", 0),
        ("for part in x:\n    part -= 1", "f", 0),
        ("list[1, 2]", "f", 0),
        ("x + 1", "g", 0),
        ("x + 1", "Box.open", 0),
        ("1.0", "f", 0),
        ("True", "Box.open", 0),
        ("y", "f", 3),
        ("x", "f", 6),
        ("1", "f", 4),
        ("g", "gradient of f", 2),
    ],
)
def test_a_passage_that_is_not_there_exactly_once_is_refused(source, replace, of, times):
    with pytest.raises(ValueError) as caught:
        apply(source, mistake(replace, replace, of))
    assert str(caught.value) == f"'a title': {replace!r} occurs {times} times in {of}, must be once"


def test_a_passage_has_to_be_whole():
    with pytest.raises(SyntaxError):
        apply(SOURCE, mistake("return g(", "return h("))


def test_a_header_is_replaced_by_a_header_only():
    with pytest.raises(SyntaxError):
        apply(SOURCE, mistake("for part in y:", "pass"))
