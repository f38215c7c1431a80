"""What nobody expects in a file: each is told in one line that says what and where, and nothing is lost."""

from __future__ import annotations

import errno
import os
import subprocess
import sys

import pytest

from pytest_tinytorch.evidence import ledger
from tests.support import toy, warm

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="needs links and devices of POSIX")
SQUARING = toy.REFERENCE["squaring"]
OWN = (".tinytorch", "ledger.jsonl")
WITHOUT = """\
from importlib.machinery import PathFinder
found = PathFinder.find_spec
def others(_, name, *place): return None if name == {name!r} else found(name, *place)
PathFinder.find_spec = classmethod(others)
"""
"""What Python runs first, to lack a package that it had."""


@pytest.fixture
def workspace(tmp_path):
    root = toy.build(tmp_path / "course")
    toy.solve(root, *toy.REFERENCE)
    return root


def lines_with(run, text):
    return [line for line in run.output.splitlines() if text in line]


def is_told(run, *texts):
    """Whether the run went to its end, and its report says all of this, wherever a long line is folded."""
    told = "".join(run.output.split())
    assert "Traceback" not in run.output
    assert "INTERNALERROR" not in run.output
    return all("".join(text.split()) in told for text in texts)


class TestSource:
    @pytest.mark.parametrize(
        ("source", "says", "line"),
        [
            (SQUARING.encode() + b"# \0\n", "null bytes", 7),
            (SQUARING.encode() + b"x = '\xff'\n", "can't decode byte 0xff", 7),
        ],
        ids=["NUL", "not UTF-8"],
    )
    @pytest.mark.parametrize("workers", [(), ("-n", "2")])
    def test_bytes_that_are_no_text(self, workspace, source, says, line, workers):
        (workspace / "tinytorch" / "squaring.py").write_bytes(source)
        run = toy.pytest_in(workspace, *workers)
        assert (run.code, run.states["03"], run.states["02"]) == (1, "broken", "passed")
        assert is_told(run, says, f"Where tinytorch/squaring.py:{line}")

    @pytest.mark.parametrize("workers", [(), ("-n", "2")])
    def test_half_of_a_surrogate_pair(self, workspace, workers):
        text = SQUARING.replace("return x * x", "raise ValueError('half: \\ud800')")
        toy.write(workspace, {"tinytorch/squaring.py": text})
        run = toy.pytest_in(workspace, *workers, f"--junit-xml={workspace / 'junit.xml'}")
        assert (run.code, run.states["03"]) == (1, "wrong")
        assert is_told(run, r"half: \ud800", "Where tinytorch/squaring.py:6")
        assert r"half: \ud800" in (workspace / "junit.xml").read_text(encoding="utf-8")

    @POSIX
    @pytest.mark.parametrize("target", ["nowhere.py", "squaring.py", "/dev/zero", "."])
    def test_links_that_lead_nowhere(self, workspace, target):
        file = workspace / "tinytorch" / "squaring.py"
        file.unlink()
        file.symlink_to(target)
        run = toy.pytest_in(workspace)
        assert (run.code, run.states["03"], run.states["02"]) == (1, "broken", "passed")
        says = "tinytorch/squaring.py is a link that leads to no file"
        assert is_told(run, says, "Where tinytorch/squaring.py:1")

    @POSIX
    def test_a_link_to_the_source_is_the_source(self, workspace):
        file = workspace / "tinytorch" / "squaring.py"
        file.rename(workspace / "elsewhere.py")
        file.symlink_to(workspace / "elsewhere.py")
        (workspace / "tinytorch" / "again").symlink_to(".")  # round in a circle
        assert toy.pytest_in(workspace).code == 0

    @POSIX
    def test_a_circle_for_a_package(self, workspace):
        (workspace / "circle").symlink_to("circle")
        run = toy.pytest_in(workspace, "--source=circle")
        assert run.code == 4
        assert is_told(run, "--source=circle: there is no folder ")

    @pytest.mark.parametrize("where", ["one line", "many lines", "a law"])
    def test_a_message_of_50_megabytes(self, workspace, where):
        raised = {
            "one line": "raise ValueError('x' * 50_000_000)",
            "many lines": "raise AssertionError('x\\n' * 25_000_000)",
            "a law": (
                "from pytest_tinytorch.api import LawBroken\n"
                "    raise LawBroken('y' * 50_000_000, 'x' * 50_000_000)"
            ),
        }
        text = SQUARING.replace("return x * x", raised[where])
        toy.write(workspace, {"tinytorch/squaring.py": text})
        names = ("html", "markdown", "gradescope", "classroom")
        exports = [f"--tinytorch-{name}={workspace / 'out' / name}" for name in names]
        (workspace / "out").mkdir()
        run = toy.pytest_in(
            workspace, "-rA", f"--junit-xml={workspace / 'out' / 'junit'}", *exports
        )
        assert (run.code, run.states["03"]) == (1, "wrong")
        assert is_told(run, "50,000,000 characters in all)", "Where tinytorch/squaring.py:")
        assert len(run.output) < 100_000
        files = [*(workspace / "out").iterdir(), *(workspace / ".tinytorch").iterdir()]
        assert len(files) >= 7
        assert max(file.stat().st_size for file in files) < 400_000


class TestLedger:
    def passes_and_says(self, workspace, text, *arguments):
        """The verdict is shown, the trouble once, and the code is that of a file not written."""
        run = toy.pytest_in(workspace, "--checkpoint=03", *arguments)
        assert (run.code, run.states["03"]) == (4, "passed")
        assert is_told(run, "not everything could be written", text)
        assert len(lines_with(run, " !")) == 1
        return run

    def test_a_folder(self, workspace):
        workspace.joinpath(*OWN).mkdir(parents=True)
        self.passes_and_says(workspace, "ledger.jsonl is a folder, so no progress is read or kept")

    @POSIX
    @pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/full"])
    @pytest.mark.parametrize("linked", [True, False])
    def test_a_device(self, workspace, device, linked):
        place = workspace / "link" if linked else device
        if linked:
            place.symlink_to(device)
        says = f"{place} is a device or a pipe, so no progress is read or kept"
        self.passes_and_says(workspace, says, f"--ledger={place}")

    @POSIX
    def test_a_pipe(self, workspace):
        os.mkfifo(workspace / "pipe")
        self.passes_and_says(workspace, "pipe is a device or a pipe", "--ledger=pipe")

    def test_a_gigabyte(self, workspace):
        file = workspace / "long"
        with file.open("wb") as stream:
            stream.truncate(2**30)
        self.passes_and_says(workspace, "long has 1,024 MB", "--ledger=long")
        assert file.stat().st_size == 2**30

    @pytest.mark.parametrize("trouble", [errno.ENOSPC, errno.EROFS, errno.EACCES])
    def test_what_cannot_be_written(self, workspace, trouble):
        """A full disk, a read-only one, and a file that belongs to somebody else."""
        toy.pytest_in(workspace, "--checkpoint=01")
        before = workspace.joinpath(*OWN).read_bytes()
        name = "fsync" if trouble == errno.ENOSPC else "open"
        toy.write(workspace, {"conftest.py": CONFTEST.format(name=name, trouble=trouble)})
        run = self.passes_and_says(workspace, os.strerror(trouble))
        assert lines_with(run, " ! cannot be written: ")
        assert workspace.joinpath(*OWN).read_bytes() == before

    def test_what_another_package_proves_is_not_the_learners(self, workspace):
        toy.pytest_in(workspace, "--checkpoint=01")
        own = workspace.joinpath(*OWN)
        before = own.read_bytes()
        other = workspace.parent / "ann"
        toy.write(other, {f"tinytorch/{name}.py": text for name, text in toy.REFERENCE.items()})
        toy.write(other, {"tinytorch/squaring.py": SQUARING.replace("x * x", "x + x")})
        run = toy.pytest_in(workspace, f"--source={other}")
        assert (run.states["02"], run.states["03"]) == ("passed", "wrong")
        assert own.read_bytes() == before
        (kept,) = (workspace / ".tinytorch" / "ledgers").glob("*.jsonl")
        assert {toy.short(e.unit) for e in ledger.read_ledger(kept).events} >= {"02", "03"}
        assert not (other / ".tinytorch").exists()
        assert "02" not in toy.pytest_in(workspace, "--capabilities").passed()


CONFTEST = '''"""A disk that refuses the ledger."""

import os

REAL = os.{name}


def refuse(*args, **more):
    wanted = str(args[0])
    if not wanted.isdigit() and not wanted.endswith("ledger.jsonl"):
        return REAL(*args, **more)
    raise OSError({trouble}, os.strerror({trouble}), wanted)


def pytest_collection_finish():
    os.{name} = refuse
'''


class TestNames:
    def started(self, root, *command, **environment):
        """A new process, as the command ``pytest`` starts one: the folder is not on its path."""
        return subprocess.run(
            [sys.executable, *command],
            cwd=root,
            env=warm.learners_environment() | environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )

    @pytest.mark.parametrize(
        ("name", "what"),
        [
            ("random.py", "Python's own module random"),
            ("statistics/__init__.py", "Python's own module statistics"),
            ("numpy.py", "the package numpy"),
        ],
    )
    @pytest.mark.parametrize("workers", [(), ("-n", "2")])
    def test_a_file_that_hides_what_pytest_needs(self, workspace, name, what, workers):
        toy.write(workspace, {name: "x = 1\n"})
        done = self.started(workspace, "-P", "-m", "pytest", *workers)
        assert done.returncode == 4
        says = f"ERROR: {workspace / name.partition('/')[0]} hides {what}, which pytest needs: rename it"
        assert (done.stdout + done.stderr).strip() == says

    def test_tito_says_so_too(self, workspace):
        toy.write(workspace, {"random.py": "x = 1\n"})
        tito = ("-P", "-m", "pytest_tinytorch.tito")
        done = self.started(workspace, *tito, "checkpoint", "test", "03")
        assert done.returncode == 4
        assert "random.py hides Python's own module random" in done.stderr
        found = self.started(workspace, *tito, "doctor").stdout
        assert "random.py: hides Python's own module random" in found
        assert "pytest_tinytorch.plugin" in found  # what it starts itself is not misled

    @pytest.mark.parametrize(
        ("gone", "command"),
        [
            ("numpy", ("-m", "pytest")),
            ("hypothesis", ("-m", "pytest", "--checkpoint=00")),
            ("rich", ("-m", "pytest", "--capabilities")),
            ("rich", ("-m", "pytest_tinytorch.tito")),
            ("click", ("-m", "pytest_tinytorch.tito", "doctor")),
            ("msgspec", ("-m", "pytest_tinytorch.tito", "doctor")),
        ],
    )
    def test_a_package_that_has_gone_is_told_with_its_remedy(self, workspace, gone, command):
        toy.write(workspace.parent, {"without/sitecustomize.py": WITHOUT.format(name=gone)})
        path = [str(workspace.parent / "without"), *filter(None, [os.environ.get("PYTHONPATH")])]
        done = self.started(workspace, "-P", *command, PYTHONPATH=os.pathsep.join(path))
        remedy = "run `python -m pip install -e .` in"
        assert done.returncode == (4 if command[1] == "pytest" else 1)
        told = (done.stdout + done.stderr).strip().partition(": ")[2]
        assert told.startswith(f"{sys.executable} has no {gone}: {remedy} ")
        assert "\n" not in told

    def test_a_name_that_nothing_needs_is_let_be(self, workspace):
        toy.write(workspace, {"turtle.py": "x = 1\n"})
        assert toy.pytest_in(workspace, "--checkpoint=03").code == 0
