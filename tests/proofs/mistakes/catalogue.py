"""What a named mistake is, and how it is put into the reference's source."""

from dataclasses import dataclass

from pytest_tinytorch.course.exercises import line_spans


@dataclass(frozen=True)
class Mistake:
    """One wrong implementation: the reference with one passage of one function replaced.

    Attributes:
        title: what a person did wrong.
        of: the function the passage stands in: ``relu``, ``Linear.forward``, or
            ``gradient of mul`` for a ``defvjp`` call.
        replace: the passage, which must occur exactly once in it.
        by: what stands there instead.
        turns_red: the spec class that notices.
        says: a word of the message a learner sees.
    """

    title: str
    of: str
    replace: str
    by: str
    turns_red: str
    says: str = ""


def apply(source, mistake):
    """The source with the mistake in it; ValueError unless the passage occurs exactly once."""
    lines = source.splitlines(keepends=True)
    first, last = line_spans(source, [mistake.of])[mistake.of]
    body = "".join(lines[first - 1 : last])
    if body.count(mistake.replace) != 1:
        raise ValueError(
            f"{mistake.title!r}: {mistake.replace!r} occurs {body.count(mistake.replace)} times"
            f" in {mistake.of}, must be once"
        )
    return "".join([*lines[: first - 1], body.replace(mistake.replace, mistake.by), *lines[last:]])
