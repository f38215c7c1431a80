"""A class on a Dask cluster: a real scheduler with workers as processes, one of them killed in the middle."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import msgspec
import pytest

from pytest_tinytorch.grade import cluster, remote
from pytest_tinytorch.grade.cluster import Cluster, ClusterError
from pytest_tinytorch.grade.course import Limits
from pytest_tinytorch.grade.grades import Ending, Grade
from pytest_tinytorch.grade.jobs import Job, Result
from pytest_tinytorch.grade.kit import open_kit
from pytest_tinytorch.grade.remote import Order, Reply, grade_on_worker
from pytest_tinytorch.grade.sandbox import NoSandbox, Sandbox
from pytest_tinytorch.grade.sandboxkind import Kind
from pytest_tinytorch.grade.submissions import Submission
from pytest_tinytorch.grade.taking import take
from pytest_tinytorch.run import linux
from tests.grade.classes import DESK, MARK, SOLVED, WORTH, hand_in, needed_sandbox, processes
from tests.grade.test_grading import table, waited
from tests.grade.test_taking import items
from tests.support import kit, toy

distributed = pytest.importorskip("distributed", reason="the extra `grade` is not installed")

OTHER = (
    "from pytest_tinytorch.grade import remote\n"
    "here = remote.judges()\n"
    "remote.judges = lambda: here | {'numpy': '1.0'}\n"
)
"""Makes a worker one that has another version of NumPy."""
SLEEPS = {"adding": "import time\ntime.sleep(1000)\n"}


@contextmanager
def started(program, *arguments, log):
    """A process of Dask, which ends with the block."""
    words = [sys.executable, "-m", f"distributed.cli.dask_{program}", *map(str, arguments)]
    with log.open("wb") as stream:
        process = subprocess.Popen(words, stdout=stream, stderr=stream)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def scheduler(folder, *arguments):
    """The address of a scheduler."""
    file = folder / "scheduler.json"
    words = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", file]
    with started("scheduler", *words, *arguments, log=folder / "scheduler.log") as process:
        waited(lambda: file.exists() or process.poll() is not None)
        yield json.loads(file.read_bytes())["address"]


@contextmanager
def worker(folder, address, name, *arguments):
    """A worker with one thread, once the scheduler knows it."""
    log = folder / f"{name}.log"
    words = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", folder / name]
    with started("worker", address, *words, *arguments, log=log) as process:
        waited(lambda: b"Registered to" in log.read_bytes())
        yield process


@contextmanager
def grader(folder, address, *arguments):
    """`tito grade` in the workspace of the folder."""
    words = ["grade", folder / "desk", "--out", folder / "out", "--scheduler", address]
    command = [sys.executable, "-m", "pytest_tinytorch.tito", *map(str, words), "--env", MARK]
    environment = os.environ | {MARK: str(os.getpid()), "COLUMNS": "200"}
    with subprocess.Popen(
        [*command, *arguments], cwd=folder / "kit", env=environment, stdout=-1, text=True
    ) as process:
        yield process


def runs(process):
    """Whether a worker runs a submission now."""
    for child in linux.children_of(process.pid):
        with suppress(OSError):
            if b"the run" in Path("/proc", str(child), "cmdline").read_bytes():
                return True
    return False


@pytest.fixture
def folder(tmp_path):
    """A folder with a workspace, and a sandbox to use."""
    needed_sandbox()
    toy.build(tmp_path / "kit")
    return tmp_path


class TestCluster:
    def test_grades_as_one_machine_does_whatever_happens_to_its_workers(self, folder):
        for name, modules in DESK.items():
            hand_in(folder / "desk" / name, modules)
        (folder / "other.py").write_text(OTHER, encoding="utf-8")
        with ExitStack() as stack:
            address = stack.enter_context(scheduler(folder))
            stack.enter_context(worker(folder, address, "good"))
            killed = stack.enter_context(worker(folder, address, "killed"))
            other = ("other", "--preload", folder / "other.py")
            stack.enter_context(worker(folder, address, *other))
            with grader(folder, address) as grading:
                waited(lambda: runs(killed) or grading.poll() is not None)
                killed.kill()
                said, _ = grading.communicate()
            assert grading.returncode == 0, said
            waited(lambda: not processes())
            lines = said.splitlines()
            assert len([line for line in lines if "is lost; it had" in line]) == 1, said
            (refused,) = [line for line in lines if "is not used" in line]
            assert "another kit is installed: numpy 1.0, not " in refused
            counted = [line.split()[0] for line in lines if line[1:3] == "/5"]
            assert counted == [f"{n}/5" for n in range(1, 6)]
            points = {name: row["points"] for name, row in table(folder / "out").items()}
            assert points == {name: str(worth.count("1")) for name, worth in WORTH.items()}
            with grader(folder, address) as again:
                assert again.communicate()[0].startswith("0 of 5 to grade, 5 known\n")

    def test_leaves_nothing_running_when_the_grader_ends(self, folder):
        hand_in(folder / "desk" / "slow", SLEEPS)
        with scheduler(folder) as address, worker(folder, address, "one") as one:
            for how, code in ((signal.SIGINT, 130), (signal.SIGKILL, -9)):
                with grader(folder, address) as grading:
                    waited(lambda: runs(one))
                    grading.send_signal(how)
                    said, _ = grading.communicate()
                assert grading.returncode == code, said
                waited(lambda: not processes())
                waited(lambda: not any("run-" in place for place, *_ in os.walk(folder / "one")))
                assert one.poll() is None


def test_a_scheduler_is_reached_with_the_certificates_of_dask(tmp_path):
    names = ["-keyout", "key.pem", "-out", "cert.pem", "-subj", "/CN=graders"]
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *names]
    try:
        subprocess.run(make, cwd=tmp_path, check=True, capture_output=True)
    except OSError as error:
        pytest.skip(f"there is no openssl to make a certificate: {error}")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    own = ["--tls-ca-file", cert, "--tls-cert", cert, "--tls-key", key]
    tls = "DASK_DISTRIBUTED__COMM__TLS__"
    known = {f"{tls}CA_FILE": str(cert), f"{tls}CLIENT__CERT": str(cert)}
    known |= {f"{tls}CLIENT__KEY": str(key)}
    code = (
        "import sys\nfrom pytest_tinytorch.grade.cluster import ClusterError, connected\n"
        "try:\n    with connected(sys.argv[1]) as client:\n        print(client.nthreads())\n"
        "except ClusterError as error:\n    print(error)\n"
    )
    with scheduler(tmp_path, "--protocol", "tls", *own) as address:
        assert address.startswith("tls://")
        for variables, told in ((known, "{}"), ({}, "no scheduler of Dask answers at tls://")):
            done = subprocess.run(
                [sys.executable, "-c", code, address],
                env=os.environ | variables,
                capture_output=True,
                text=True,
                check=True,
            )
            assert done.stdout.startswith(told)


class Answered:
    """A future of a worker that has answered."""

    def __init__(self, worker, reply=None):
        self.worker, self.answer = worker, reply
        self.status = "pending" if reply is None else "finished"

    def done(self):
        return self.answer is not None

    def result(self):
        if isinstance(self.answer, Exception):
            raise self.answer
        return msgspec.msgpack.encode(self.answer)

    def cancel(self):
        self.status = "cancelled"


class Workers:
    """A client of a cluster whose workers answer at once, each in its own way.

    Args:
        answers: worker to what gives its reply, or None where it never answers.
        leaves: workers that are gone after they were given something.
    """

    def __init__(self, answers, leaves=()):
        self.answers, self.leaves = answers, leaves
        self.here = dict.fromkeys(answers, 1)
        self.given = []

    def nthreads(self):
        return dict(self.here)

    def submit(self, function, *arguments, workers=("",), **options):
        if function is bytes:
            (self.order,) = arguments
            return self.order
        (name,) = workers
        self.given.append(name)
        if name in self.leaves:
            del self.here[name]
        return Answered(name, self.answers[name](arguments[1]))

    def cancel(self, futures, force):
        assert force


@pytest.fixture
def job(tmp_path):
    toy.build(tmp_path / "kit")
    return Job(open_kit(tmp_path / "kit", None, {}), Sandbox(Kind.BUBBLEWRAP), tmp_path)


@pytest.fixture
def graded(job, monkeypatch):
    """Grades submissions on workers; gives what came of them, and what was said."""
    monkeypatch.setattr("distributed.wait", lambda *_, **given: None)
    monkeypatch.setattr(cluster, "LOOK", 0.001)

    def done(workers, count=1, jobs=None):
        said = []
        todo = [(Submission(f"s{n}"), lambda: TAKEN) for n in range(count)]
        found = list(Cluster(workers, todo, job, jobs, said.append).results())
        assert sorted(one.id for one, _ in found) == [one.id for one, _ in todo]
        return [result.grade for _, result in found], said

    return done


TAKEN = take(items("tinytorch/a.py"), Limits())


@pytest.fixture
def good(job):
    """What a worker that can grade answers."""
    key = cluster.key_of(TAKEN, job)
    return lambda taken: Reply(Result(Grade(Ending.GRADED, key=key)))


def lost(taken):
    return None


def failing(taken):
    return Reply(Result(Grade(Ending.VOID, reason="the disk is full")))


def refusing(taken):
    return Reply(refusal="there is no bubblewrap")


class TestTries:
    def test_a_worker_that_is_lost_costs_a_try(self, graded, good):
        workers = Workers({"a": lost, "b": good}, leaves=["a"])
        (grade,), said = graded(workers)
        assert (grade.ending, workers.given) == ("graded", ["a", "b"])
        assert said == ["a is lost; it had s0"]

    def test_there_are_two(self, graded, good):
        workers = Workers({"a": lost, "b": lost, "c": good}, leaves=["a", "b"])
        (grade,), _ = graded(workers)
        assert (grade.ending, workers.given) == ("void", ["a", "b"])
        assert grade.reason == "the worker that graded it was lost"

    def test_what_dask_gives_up_is_lost(self, graded, good):
        from distributed.scheduler import KilledWorker

        killed = KilledWorker("grade", None, 4)
        workers = Workers({"a": lambda taken: killed, "b": good})
        assert graded(workers)[0][0].ending == "graded"

    def test_a_worker_that_fails_at_one_is_asked_for_others(self, graded, good):
        workers = Workers({"a": failing, "b": good})
        grades, _ = graded(workers, count=3)
        assert [grade.ending for grade in grades] == ["graded"] * 3
        assert workers.given.count("a") > 1

    def test_what_only_one_worker_could_grade_is_void(self, graded):
        (grade,), _ = graded(Workers({"a": failing}))
        assert (grade.ending, grade.reason) == ("void", "the disk is full")

    def test_a_worker_that_refuses_gets_nothing_more(self, graded, good):
        workers = Workers({"a": refusing, "b": good})
        grades, said = graded(workers, count=5)
        assert [grade.ending for grade in grades] == ["graded"] * 5
        assert said == ["a is not used: there is no bubblewrap"]
        assert workers.given.count("a") == 1

    def test_a_worker_without_the_kit_refuses(self, graded, good):
        workers = Workers({"a": lambda taken: ImportError("no kit"), "b": good})
        assert graded(workers)[1] == ["a is not used: ImportError: no kit"]

    def test_where_all_refuse_nothing_is_graded(self, graded):
        with pytest.raises(ClusterError, match="no worker can be used; a: there is no bubblewrap"):
            graded(Workers({"a": refusing}))

    def test_where_no_worker_comes_nothing_is_graded(self, graded, monkeypatch):
        monkeypatch.setattr(cluster, "PATIENCE", 0.0)
        with pytest.raises(ClusterError, match="there has been no worker for 0 seconds"):
            graded(Workers({}))

    def test_a_grade_of_something_else_is_none(self, graded):
        other = Reply(Result(Grade(Ending.GRADED, key="other")))
        (grade,), _ = graded(Workers({"a": lambda taken: other}))
        assert (grade.ending, grade.states) == ("void", {})

    def test_the_worked_solution_stays_where_the_grader_is(self, graded, good, job):
        assert job.kit.solution
        graded(workers := Workers({"a": good}))
        assert msgspec.msgpack.decode(workers.order, type=Order).kit.solution == {}

    def test_so_many_run_at_a_time(self, graded, good):
        workers = Workers(dict.fromkeys("abcd", good))
        graded(workers, count=8, jobs=2)
        assert {*workers.given} == {"a", "b"}


class TestWorker:
    """What a worker answers, without a cluster."""

    @pytest.fixture
    def answer(self, job, tmp_path, monkeypatch):
        class Here:
            local_directory = str(tmp_path)

        monkeypatch.setattr("distributed.get_worker", Here)
        monkeypatch.setattr(remote, "attempt", lambda taken, job: Result(Grade(Ending.GRADED)))

        def given(order=None):
            whole = order or Order(job.kit, remote.judges(), Kind.NONE, "", {}, "")
            taken = msgspec.msgpack.encode(TAKEN)
            told = grade_on_worker(msgspec.msgpack.encode(whole), taken, "task", True)
            return msgspec.msgpack.decode(told, type=Reply)

        return given

    def test_is_a_result(self, answer):
        assert answer().result == Result(Grade(Ending.GRADED))

    def test_is_a_refusal_where_another_kit_judges(self, answer, job, monkeypatch):
        order = Order(job.kit, remote.judges(), Kind.NONE, "", {}, "")
        monkeypatch.setattr(remote, "judges", lambda: order.judges | {"pytest": "1.0"})
        here = order.judges["pytest"]
        assert answer(order).refusal == f"another kit is installed: pytest 1.0, not {here}"

    def test_is_a_refusal_where_an_order_is_not_understood(self, answer):
        assert answer({"kit": 1}).refusal.startswith("another kit is installed: ")

    def test_is_a_refusal_where_there_is_no_sandbox(self, answer, monkeypatch):
        def nowhere(kind, image):
            raise NoSandbox("there is none")

        monkeypatch.setattr(remote, "find_sandbox", nowhere)
        assert answer().refusal == "there is none"

    def test_is_a_void_result_where_the_grader_fails(self, answer, monkeypatch):
        def fails(taken, job):
            raise RuntimeError("gone")

        monkeypatch.setattr(remote, "attempt", fails)
        assert answer().result.grade.reason == "the grader failed: RuntimeError: gone"

    def test_an_order_arrives_as_it_was(self, job):
        order = Order(job.kit, remote.judges(), Kind.BUBBLEWRAP, "", {"A": "b"}, "s")
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(order), type=Order) == order


class TestUsage:
    def grade(self, folder, *arguments):
        hand_in(folder / "desk" / "a", SOLVED)
        words = ["grade", folder / "desk", "--out", folder / "out", *arguments]
        return kit.tito(*map(str, words), code=2)

    @pytest.mark.parametrize(
        "text", ["localhost:8786", "tcp://localhost", "ucx://a:1", "tcp://a b:1"]
    )
    def test_an_address_is_one_of_dask(self, tmp_path, text):
        assert "write it as tcp://HOST:PORT" in self.grade(tmp_path, "--scheduler", text)

    def test_a_missing_package_is_named_with_its_extra(self, tmp_path, monkeypatch):
        monkeypatch.setitem(sys.modules, "distributed", None)
        said = self.grade(tmp_path, "--scheduler", "tcp://127.0.0.1:1", "--checkpoint", "01")
        assert "pytest-tinytorch[grade]" in said
        assert "Traceback" not in said

    def test_a_scheduler_that_does_not_answer_is_an_error(self, tmp_path, monkeypatch):
        monkeypatch.setattr(cluster, "CONNECT", 0.2)
        said = self.grade(tmp_path, "--scheduler", "tcp://127.0.0.1:1", "--checkpoint", "01")
        assert "no scheduler of Dask answers at tcp://127.0.0.1:1" in said
        assert "Traceback" not in said
