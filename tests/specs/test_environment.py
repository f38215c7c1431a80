"""The specs of 00: what they say of data that is not as it was shipped."""

from __future__ import annotations

import pytest

from specs import test_00_environment as environment
from tests.support import kit, toy

SUMS = kit.ROOT / "datasets" / "tinytalks" / "SHA256SUMS"


@pytest.mark.parametrize(
    ("sums", "says"),
    [
        (None, "no such file"),
        ("", "an empty file"),
        ("word\n", "a SHA-256 and a file on each line"),
        (SUMS.read_text(encoding="utf-8"), "no such file"),
        ("0  talks.tsv\n", "with the SHA-256 0"),
    ],
    ids=["no sums", "no line", "no digest", "no file", "another digest"],
)
def test_damaged_data_is_named_with_its_remedy(sums, says, monkeypatch, tmp_path):
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    if sums is not None:
        toy.write(tmp_path, {"datasets/tinytalks/SHA256SUMS": sums})
    with pytest.raises(AssertionError) as caught:
        environment.TestData().test_is_whole("tinytalks")
    told = str(caught.value)
    assert says in told
    assert str(tmp_path / "datasets" / "tinytalks") in told
    assert "tito update" in told
