"""What the message of an error mentions: numbers in any notation, words as they are."""

from __future__ import annotations

import numpy as np
import pytest

from specs.messages import missing


class TestNumbers:
    @pytest.mark.parametrize(
        "said",
        [
            "(2, 3) and (4,)",
            "4 [3, 2]",
            "2 x 3, not 4.",
            "2x3 by 4x2",
            "D=4 for rows=2, cols=3",
            f"{np.array([2, 3])} {np.int64(4)!r}",
            "4.0, 2e0 and 3.",
        ],
    )
    def test_are_there_in_any_order_and_notation(self, said):
        assert missing("(2, 3) (4,)", said) == []
        assert missing("(2,3) (4, 2)", said) == []

    @pytest.mark.parametrize(
        ("naming", "said"),
        [
            ("-1", "[-1, 0]"),
            ("-1", "dim=-1"),
            ("-1", "\N{MINUS SIGN}1"),
            ("0.5", "p .5"),
            ("1e-07", "0.0000001"),
            ("0.1", f"{np.float32(0.1)!r}"),
            ("nan", "NaN"),
            ("inf", "infinity"),
            ("-inf", "p is -inf"),
            ("257", "token 257."),
            ("", ""),
            ("()", "a number"),
        ],
    )
    def test_are_understood(self, naming, said):
        assert missing(naming, said) == []

    @pytest.mark.parametrize(
        ("naming", "said", "lacks"),
        [
            ("-1", "1", ["-1"]),
            ("1", "-1", ["1"]),
            ("9", "0-8", ["9"]),
            ("-9", "0-9", ["-9"]),
            ("3", "30 3.5 13", ["3"]),
            ("(2, 3) (4, 2)", "4", ["2", "3"]),
            ("inf", "-inf", ["inf"]),
            ("nan", "a banana", ["nan"]),
        ],
    )
    def test_that_are_not_there_are_told(self, naming, said, lacks):
        assert missing(naming, said) == lacks


class TestWords:
    def test_are_whole(self):
        assert missing("p", "Op, p_value, pip") == ["p"]
        assert missing("p", "p=1") == []
        assert missing("0.weight float32", "'0.weight' is Float32") == []
        assert missing("0.weight float32", "10.weight is float321") == ["0.weight", "float32"]

    def test_stay_in_order(self):
        assert missing("size 3 padding -1", "3") == ["size", "padding", "-1"]
