"""What `--source` names, and what is said of a folder that is another one."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_tinytorch.evidence.packagefolder import package_folder
from pytest_tinytorch.evidence.paths import real_path


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A folder of submissions, with it as the current folder."""
    for place in ("ann", "class/bob/my-torch", "class/eve", ".hidden/x", "around/.git/x"):
        (tmp_path / place / "tinytorch").mkdir(parents=True)
        (tmp_path / place / "tinytorch" / "__init__.py").touch()
    (tmp_path / "empty").mkdir()
    (tmp_path / "ann.zip").touch()
    (tmp_path / "tinytorch" / "src" / "tinytorch").mkdir(parents=True)
    (tmp_path / "deep" / "a" / "b" / "c" / "d" / "tinytorch").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_folder_around_the_package_is_taken(desk):
    assert package_folder(Path("ann")) == real_path(desk / "ann")
    assert package_folder(desk / "class/../ann") == real_path(desk / "ann")


@pytest.mark.parametrize(
    ("named", "says", "better"),
    [
        ("nobody", "there is no folder {here}: name the one that contains tinytorch/", ""),
        ("ann.zip", "this is a file: unpack it, or let `tito grade` take it as it is", ""),
        (
            "ann/tinytorch",
            "this is the package itself: name the folder around it, --source={better}",
            "ann",
        ),
        ("class/bob", "tinytorch/ is further down: name --source={better}", "class/bob/my-torch"),
        ("tinytorch", "tinytorch/ is further down: name --source={better}", "tinytorch/src"),
        (".hidden", "tinytorch/ is further down: name --source={better}", ".hidden/x"),
        (
            "class",
            "several folders in it contain tinytorch/: name one, such as --source={better}, or grade"
            " them all with `tito grade`",
            "class/eve",
        ),
        ("empty", "it has no package tinytorch/: name the folder that contains it", ""),
        ("around", "it has no package tinytorch/: name the folder that contains it", ""),
        ("deep", "it has no package tinytorch/: name the folder that contains it", ""),
    ],
)
def test_of_another_it_is_said_what_to_name(desk, named, says, better):
    with pytest.raises(ValueError) as raised:
        package_folder(Path(named))
    told = says.format(here=real_path(desk / named), better=Path(better))
    assert str(raised.value) == f"--source={Path(named)}: {told}"


def test_modules_without_the_given_files_are_no_package(desk):
    (desk / "ann" / "tinytorch" / "__init__.py").rename(desk / "ann" / "tinytorch" / "tensor.py")
    with pytest.raises(ValueError, match=r"^--source=ann: tinytorch/ has no __init__\.py, so the "):
        package_folder(Path("ann"))


def test_the_package_as_the_current_folder_has_a_folder_around_it(desk, monkeypatch):
    monkeypatch.chdir(desk / "ann" / "tinytorch")
    with pytest.raises(ValueError, match="name the folder around it, --source=") as raised:
        package_folder(Path())
    assert str(raised.value).endswith(str(real_path(desk / "ann")))
