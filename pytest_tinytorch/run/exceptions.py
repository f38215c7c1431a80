"""What ends a spec: a law that does not hold, with the parts of the message kept apart; a stub; the clock."""

from __future__ import annotations

from pytest_tinytorch.run.loops import Loop


class LawBroken(AssertionError):
    """A law did not hold: what was called, what was expected, what came.

    Args:
        expected: what the law demands, in words or values.
        got: what came instead.
        called: the call as a person could paste it, if one is to blame.
        where: ``(file, line, name)`` of the function that was called.

    >>> str(LawBroken("every value finite", "array([nan])"))
    'expected every value finite, got array([nan])'
    """

    def __init__(
        self,
        expected: str,
        got: str,
        called: str | None = None,
        where: tuple[str, int, str] | None = None,
    ) -> None:
        super().__init__(f"expected {expected}, got {got}")
        self.expected = expected
        self.got = got
        self.called = called
        self.where = where


class StubReached(BaseException):
    """An untouched stub was reached inside a property.

    Not an Exception: Hypothesis would take it for a falsifying example and look for a smaller one.
    """

    def __init__(self, error: NotImplementedError) -> None:
        super().__init__(str(error))
        self.error = error


class ExampleDropped(BaseException):
    """Code under test has told Hypothesis that an input does not count, which only specs may do.

    Not an Exception, as above. What is explained is a law that is broken.
    """

    def __init__(self, error: BaseException) -> None:
        super().__init__(str(error))
        self.error = LawBroken("a result for each input", "an input that the code leaves out")
        self.error.__cause__ = error


class MissingName(AttributeError):
    """A module of the learner's lacks a name that the spec asks for."""

    def __init__(self, module: str, name: str, file: str | None) -> None:
        super().__init__(f"{module} has no {name!r}: define it in {file or module}")
        self.module = module
        self.missing = name
        self.file = file


class SpecEnded(BaseException):
    """Raised in the middle of a spec, to end it.

    Not an Exception: Hypothesis would take it for a falsifying example and run the loop again, this
    time without a timer.
    """


class TimeLimit(SpecEnded):
    """The spec used or waited more than it may.

    Args:
        text: what a person reads, the first line by itself.
        loop: the learner's function that it was caught in, if any.
        line: where in that function.
        option: how a person at a terminal sets another limit, if nobody did.
    """

    def __init__(
        self, text: str = "", loop: Loop | None = None, line: int = 0, option: str = ""
    ) -> None:
        super().__init__(text)
        self.loop = loop
        self.line = line
        self.option = option


class ModuleNeverEnds(ImportError):
    """The import of a module under test ran into the limit where no spec ran that it could end."""

    def __init__(self, module: str, error: TimeLimit) -> None:
        place = f"\n({error.loop.file}:{error.line})" if error.loop else ""
        super().__init__(f"{error}{place}", name=module)


class SameLoop(SpecEnded):
    """The spec is inside a function that an earlier one ran into the limit in."""

    def __init__(self, nodeid: str = "") -> None:
        super().__init__(f"not run: same cause as {nodeid}")


class EndsProgram(SystemExit):
    """Code under test would have ended the run of pytest, which takes this one for a failed spec."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(type(error).__name__)
        self.error = error


class ModuleEndsProgram(ImportError):
    """A module under test would end the program while it is imported."""

    def __init__(self, module: str, error: BaseException) -> None:
        text = f"ends the program while it is imported: {type(error).__name__}"
        super().__init__(text, name=module)
