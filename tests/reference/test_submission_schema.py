"""The schema of submissions, read by a program that is not ours."""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator

from pytest_tinytorch.evidence import implementation, importing
from tests.support import kit


@pytest.fixture
def competition():
    importing.install_finder(implementation.Implementation(kit.REFERENCE, kit.REFERENCE))
    try:
        from tinytorch import competition

        yield competition
    finally:
        importing.uninstall_finder()


@pytest.fixture
def document(competition):
    numbers = dict.fromkeys(["seconds", "baseline_seconds", "energy", "baseline_energy"], 1.5)
    shares = {"accuracy": 0.9, "baseline_accuracy": 1.0, "bytes": 10, "baseline_bytes": 40}
    digests = {"model": "a" * 64, "source": "0" * 64}
    made = competition.Submission("mine", "size", **numbers, **shares, **digests)
    return made.document()


def test_is_a_schema_that_a_submission_fits(competition, document):
    Draft202012Validator.check_schema(competition.SCHEMA)
    assert not list(Draft202012Validator(competition.SCHEMA).iter_errors(document))


CHANGES = [
    ("version", 2),
    ("name", ""),
    ("name", None),
    ("track", "beauty"),
    ("accuracy", 1.5),
    ("baseline_accuracy", "1"),
    ("seconds", 0),
    ("bytes", -1),
    ("energy", True),
    ("model", "a" * 65),
    ("environment", []),
    ("seal", "x"),
    ("prize", 1),
]


@pytest.mark.parametrize(("name", "value"), CHANGES, ids=[f"{n} {v}" for n, v in CHANGES])
def test_both_find_the_same_wrong(competition, document, name, value):
    document[name] = value
    told = [problem.split()[0] for problem in problems(competition, document)]
    assert told == [name]
    assert len(list(Draft202012Validator(competition.SCHEMA).iter_errors(document))) == 1


@pytest.mark.parametrize("name", ["version", "name", "seal", "bytes"])
def test_both_miss_what_is_missing(competition, document, name):
    del document[name]
    assert [p.split()[0] for p in problems(competition, document)] == [name]
    (error,) = Draft202012Validator(competition.SCHEMA).iter_errors(document)
    assert name in error.message


def problems(competition, document):
    with pytest.raises(competition.InvalidSubmission) as caught:
        competition.validate(document)
    return caught.value.problems
