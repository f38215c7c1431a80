"""What a spec demands in words, and which errors: `expect` and `raises`."""

from __future__ import annotations

import numpy as np
import pytest

from pytest_tinytorch.api import LawBroken
from specs.laws import expect, raises


class Undecided:
    """Has no truth value."""

    def __bool__(self):
        raise ValueError("neither yes nor no")


class TestExpect:
    def test_holds(self, broken):
        for yes in (True, 1, np.bool_(True), np.array([True]), [0]):
            assert broken(expect, yes, "it", "else") is None

    def test_is_broken(self, broken):
        for no in (False, None, 0, np.bool_(False), np.array(False), []):
            assert broken(expect, no, "it", "else") == ("it", "else")

    def test_what_is_neither_does_not_hold(self, broken):
        for neither in (np.array([True, True]), np.array([]), Undecided()):
            assert broken(expect, neither, "it", "else") == ("it", "else")

    def test_shows_what_is_no_text(self, broken):
        assert broken(expect, False, "it", np.array([1, 2])) == ("it", "[1, 2]")
        assert broken(expect, False, "it", None) == ("it", "None")

    def test_an_untouched_stub_stays_one(self):
        class Stub:
            def __bool__(self):
                raise NotImplementedError("01 tensor: Tensor.__bool__")

        with pytest.raises(NotImplementedError):
            expect(Stub(), "it", "else")


class Odd(ValueError):
    """Cannot say what it is."""

    def __str__(self):
        raise RuntimeError("no text")


def raising(error, *types, naming=""):
    """Whatever `raises` makes of an error; None stands for no error."""
    with raises(*types, naming=naming):
        if error is not None:
            raise error


class TestRaises:
    @pytest.mark.parametrize(
        ("error", "types", "naming"),
        [
            (ValueError("dim 3"), (ValueError,), "dim 3"),
            (ValueError("3 is no dim"), (ValueError,), "dim 3"),
            (ValueError("3 by 2 is no (4,)"), (ValueError,), "(2, 3) (4,)"),
            (ValueError(), (ValueError,), ""),
            (UnicodeError("x"), (ValueError,), "x"),
            (KeyError("bias"), (IndexError, KeyError), "bias"),
            (Odd(), (ValueError,), ""),
        ],
    )
    def test_holds(self, error, types, naming, broken):
        assert broken(raising, error, *types, naming=naming) is None

    @pytest.mark.parametrize(
        ("error", "got"),
        [
            (None, "no error"),
            (TypeError("dim 3"), "TypeError: dim 3"),
            (ValueError("dim"), "your message: dim; it should mention 3"),
            (ValueError("3"), "your message: 3; it should mention dim"),
            (Odd(), "your message: ; it should mention dim 3"),
            (LawBroken("a Tensor", "None dim 3"), "no error"),
        ],
    )
    def test_is_broken(self, error, got, broken):
        wanted = "ValueError whose message mentions dim 3"
        assert broken(raising, error, ValueError, naming="dim 3") == (wanted, got)

    def test_names_all_that_would_do(self, broken):
        wanted = "ValueError or KeyError"
        assert broken(raising, None, ValueError, KeyError) == (wanted, "no error")

    def test_a_broken_law_is_no_error_of_the_students(self, broken):
        for types in ((AssertionError,), (Exception,), (LawBroken,)):
            assert broken(raising, LawBroken("a", "b"), *types)[1] == "no error"

    def test_an_untouched_stub_stays_one(self):
        for types in ((NotImplementedError,), (RuntimeError,), (Exception,)):
            with pytest.raises(NotImplementedError, match="stub"):
                raising(NotImplementedError("stub"), *types)

    def test_what_ends_a_run_is_let_through(self):
        with pytest.raises(KeyboardInterrupt):
            raising(KeyboardInterrupt(), ValueError)
