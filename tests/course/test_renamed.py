"""A function that a module lacks, and what it may be called now."""

from __future__ import annotations

import pytest

from pytest_tinytorch.course.renamed import renamed

RIGHT = (
    "def relu(x): ...\ndef gelu(x): ...\ndef softmax(x, *, dim=-1): ...\ndef helper(a, b): ...\n"
    "class ReLU:\n    def forward(self, x): ...\n"
)


@pytest.mark.parametrize(
    ("source", "missing", "found"),
    [
        ("\ndef rectify(x): ...\ndef gelu(x): ...\n", "relu", ("rectify", 2)),
        ("def soft_max(y): ...\ndef mine(x, *, dim=-1): ...\n", "softmax", ("soft_max", 1)),
        ("def mine(x, *, dim=-1): ...\n", "softmax", ("mine", 1)),
        ("def rectify(x): ...\ndef other(x): ...\ndef gelu(x): ...\n", "relu", None),
        (
            "def rectify(x): ...\n",
            "relu",
            None,
        ),  # gelu is missing, too, and has the same parameters
        ("def smooth(x, axis): ...\n", "softmax", None),
        ("def helper(a, b): ...\ndef gelu(x): ...\n", "relu", None),  # that one is given
        ("def relux(x): ...\ndef relu2(x): ...\n", "relu", None),
        ("def relu(x): ...\n", "relu", None),
        ("def rectify(x): ...\n", "ReLU", None),
        ("def rectify(x) ...\n", "relu", None),
        ("", "relu", None),
        ("class Relux: ...\ndef relux(): ...\n", "ReLU", ("Relux", 1)),
        ("class Mine: ...\n", "ReLU", None),  # classes have no parameters to know them by
        ("class ReLU:\n    def forwards(self, x): ...\n", "ReLU.forward", ("ReLU.forwards", 2)),
        ("class ReLU:\n    def call(self, x): ...\n", "ReLU.forward", ("ReLU.call", 2)),
        ("class ReLU:\n    def forward(self, x): ...\n", "ReLU.forward", None),
        ("def forwards(self, x): ...\n", "ReLU.forward", None),
    ],
)
def test_is_found_where_one_function_alone_can_be_it(source, missing, found):
    assert renamed(source, RIGHT, missing) == found
