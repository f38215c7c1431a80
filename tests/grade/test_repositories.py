"""Submissions in git repositories: what a commit holds is taken, and nothing of the repository is run."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from pytest_tinytorch.grade import archives, repositories
from pytest_tinytorch.grade.archives import take_from
from pytest_tinytorch.grade.course import Limits
from pytest_tinytorch.grade.repositories import Repository, place_of
from pytest_tinytorch.grade.submissions import find_submissions
from pytest_tinytorch.grade.taking import Refused
from tests.grade.classes import hand_in

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
NAME = ("-c", "user.name=ann", "-c", "user.email=ann@localhost", "-c", "core.symlinks=true")
FIRST, SECOND = (("adding.py", b"x = 1\n"),), (("adding.py", b"x = 2\n"),)


def git(folder, *words, **variables):
    """What git prints."""
    done = subprocess.run(
        ["git", *NAME, *words],
        cwd=folder,
        env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, **variables},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    return done.stdout.strip()


@pytest.fixture
def work(tmp_path):
    """A repository with two commits, the first of which is tagged v1."""
    folder = hand_in(tmp_path / "ann", {"adding": "x = 1\n"})
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "one")
    git(folder, "tag", "-a", "v1", "-m", "handed in")
    hand_in(folder, {"adding": "x = 2\n"})
    git(folder, "commit", "-q", "-a", "-m", "two")
    return folder


@pytest.fixture
def bare(work):
    """The same without files beside it."""
    git(work.parent, "clone", "-q", "--bare", str(work), "ann.git")
    return work.parent / "ann.git"


def taken(text):
    (one,) = find_submissions([text])
    assert not one.refused
    return one.id, take_from(one.place, Limits()).files


class TestWhatIsTaken:
    @pytest.mark.parametrize(
        ("address", "files"),
        [
            ("{bare}", SECOND),
            ("{bare}@v1", FIRST),
            ("{bare}#v1", FIRST),
            ("{bare}@{first}", FIRST),
            ("{bare}@HEAD@{0}", SECOND),
            ("file://{bare}", SECOND),
            ("file://{bare}#main~1", FIRST),
            ("file://localhost{bare}@v1", FIRST),
            ("{work}@v1", FIRST),
            ("{work}@HEAD", SECOND),
        ],
    )
    def test_is_the_commit_that_was_named(self, work, bare, address, files):
        hand_in(work, {"adding": "not committed\n"})
        first = git(work, "rev-parse", "v1^{commit}")
        words = {"{work}": work.as_posix(), "{bare}": bare.as_posix(), "{first}": first}
        if "HEAD@" in address:  # a bare repository keeps no history of its HEAD
            words["{bare}"] = work.as_posix()
        for name, value in words.items():
            address = address.replace(name, value)
        assert taken(address) == ("ann", files)

    def test_is_what_lies_there_where_no_commit_is_named(self, work):
        hand_in(work, {"adding": "not committed\n"})
        assert taken(str(work)) == ("ann", (("adding.py", b"not committed\n"),))

    def test_is_whatever_has_the_whole_name(self, tmp_path, work):
        hand_in(tmp_path / "ann@v1", {"adding": "x = 3\n"})
        assert taken(tmp_path / "ann@v1") == ("ann@v1", (("adding.py", b"x = 3\n"),))

    def test_is_the_same_commit_of_each_repository_in_a_folder(self, tmp_path, work, bare):
        desk = tmp_path / "desk"
        desk.mkdir()
        bare.rename(desk / "bob.git")
        work.rename(desk / "ann")
        found = find_submissions([f"{desk}@v1"])
        assert [(one.id, take_from(one.place, Limits()).files) for one in found] == [
            ("ann", FIRST),
            ("bob", FIRST),
        ]
        last = find_submissions([desk])
        assert [type(one.place) for one in last] == [type(desk), Repository]
        assert {take_from(one.place, Limits()).files for one in last} == {SECOND}

    def test_is_no_link_and_no_submodule(self, work):
        (work / "tinytorch" / "stolen.py").symlink_to("/etc/passwd")
        git(work, "add", "-A")
        head = git(work, "rev-parse", "HEAD")
        git(work, "update-index", "--add", "--cacheinfo", f"160000,{head},tinytorch/inner")
        git(work, "commit", "-q", "-m", "three")
        found = take_from(Repository(work), Limits())
        assert found.files == SECOND
        assert dict(found.refused) == {"inner": "submodule", "stolen.py": "symbolic link"}

    def test_has_names_of_any_script(self, work):
        hand_in(work, {"数据": "z = 3\n"})
        git(work, "add", "-A")
        git(work, "commit", "-q", "-m", "three")
        assert ("数据.py", b"z = 3\n") in take_from(Repository(work), Limits()).files


class TestNothingRuns:
    def test_that_the_repository_asks_for(self, work, tmp_path):
        """Filters, monitors, hooks, replaced objects: none of them makes a difference."""
        program = tmp_path / "program"
        program.write_text(f"#!/bin/sh\ntouch '{tmp_path}/ran'\ncat\n", encoding="utf-8")
        program.chmod(0o755)
        (work / ".gitattributes").write_text("*.py filter=own diff=own export-ignore\n", "utf-8")
        git(work, "add", ".gitattributes")
        git(work, "commit", "-q", "-m", "three")
        for name in ("core.fsmonitor", "filter.own.smudge", "diff.own.textconv", "core.pager"):
            git(work, "config", name, str(program))
        git(work, "config", "filter.own.required", "true")
        git(work, "config", "core.hooksPath", str(tmp_path))
        git(work, "config", "alias.ls-tree", f"!{program}")
        (tmp_path / "ran").unlink(missing_ok=True)
        blob = git(work, "rev-parse", "HEAD:tinytorch/adding.py")
        other = git(work, "rev-parse", "v1:tinytorch/adding.py")
        git(work, "replace", blob, other)
        (tmp_path / "ran").unlink(missing_ok=True)
        assert take_from(Repository(work), Limits()).files == SECOND
        assert not (tmp_path / "ran").exists()

    @pytest.mark.parametrize("unknown", ["", "GIT_NO_LAZY_FETCH"])
    def test_to_fetch_what_is_missing(self, work, tmp_path, monkeypatch, unknown):
        """Older versions of git do not know one of the variables that forbid it."""
        known = {n: v for n, v in repositories.environment().items() if n != unknown}
        monkeypatch.setattr(repositories, "environment", lambda: known)
        program = tmp_path / "program"
        program.write_text(f"#!/bin/sh\ntouch '{tmp_path}/ran'\n", encoding="utf-8")
        program.chmod(0o755)
        settings = {
            "core.repositoryFormatVersion": "1",
            "extensions.partialClone": "origin",
            "remote.origin.promisor": "true",
            "remote.origin.url": f"ext::{program}",
            "protocol.ext.allow": "always",
        }
        for name, value in settings.items():
            git(work, "config", name, value)
        blob = git(work, "rev-parse", "HEAD:tinytorch/adding.py")
        (work / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
        with pytest.raises(Refused, match="git cannot read it"):
            take_from(Repository(work), Limits())
        assert not (tmp_path / "ran").exists()


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        "address",
        [
            "https://host.example/ann.git",
            "ssh://host/ann.git",
            "git@host:ann.git",
            "git://host/ann",
        ],
    )
    def test_is_what_lies_on_another_machine(self, address):
        (one,) = find_submissions([address])
        assert one.id == "ann"
        assert "clone it first" in one.refused

    def test_is_a_file_address_of_another_machine(self):
        with pytest.raises(Refused, match="three slashes"):
            place_of("file://host/ann.git")

    @pytest.mark.parametrize(
        "ref", ["v9", "HEAD:tinytorch", "--all", "-v1", "main..v1", "v1^{tree}"]
    )
    def test_is_a_commit_that_is_not_there(self, bare, ref):
        with pytest.raises(Refused, match="there is no commit"):
            take_from(Repository(bare, ref), Limits())

    def test_is_a_repository_without_commits(self, tmp_path):
        git(tmp_path, "init", "-q", "--bare", "eve.git")
        with pytest.raises(Refused, match="there is no commit HEAD"):
            take_from(Repository(tmp_path / "eve.git"), Limits())

    def test_is_a_folder_that_is_no_repository(self, tmp_path):
        hand_in(tmp_path / "ann", {"adding": ""})
        (one,) = find_submissions([f"{tmp_path / 'ann'}@v1"])
        with pytest.raises(Refused, match="it is no git repository"):
            take_from(one.place, Limits())

    @pytest.mark.parametrize("name", ["commondir", "objects/info/alternates"])
    def test_is_one_that_uses_another_one(self, bare, name):
        (bare / name).write_text("/elsewhere\n", encoding="utf-8")
        with pytest.raises(Refused, match="in another repository"):
            take_from(Repository(bare), Limits())

    @pytest.mark.skipif(os.name != "posix", reason="there are no pipes with names")
    @pytest.mark.parametrize("kind", ["link", "pipe"])
    def test_is_one_with_something_other_than_files(self, bare, kind):
        place = bare / "objects" / "pack" / "strange"
        place.symlink_to("/etc/passwd") if kind == "link" else os.mkfifo(place)
        with pytest.raises(Refused, match="something other than files in it: strange"):
            take_from(Repository(bare), Limits())

    def test_is_one_whose_git_is_a_link(self, work, tmp_path):
        hand_in(tmp_path / "eve", {"adding": ""})
        (tmp_path / "eve" / ".git").symlink_to(work / ".git")
        with pytest.raises(Refused, match=r"\.git is a symbolic link"):
            take_from(Repository(tmp_path / "eve"), Limits())

    def test_is_one_with_too_many_files(self, work, monkeypatch):
        monkeypatch.setattr(archives, "MOST_ITEMS", 3)
        hand_in(work, {str(n): "" for n in range(4)})
        git(work, "add", "-A")
        git(work, "commit", "-q", "-m", "three")
        with pytest.raises(Refused, match="more than 3 files"):
            take_from(Repository(work), Limits())

    def test_is_a_damaged_one(self, bare):
        tree = git(bare, "rev-parse", "HEAD:tinytorch")
        (bare / "objects" / tree[:2] / tree[2:]).unlink()
        with pytest.raises(Refused, match="git cannot read it"):
            take_from(Repository(bare), Limits())

    def test_is_any_without_git(self, bare, monkeypatch):
        monkeypatch.setattr(repositories.shutil, "which", lambda name: None)
        with pytest.raises(Refused, match="git is not installed"):
            take_from(Repository(bare), Limits())
