"""The ledger as a file: cut at any byte, written by several processes at once, and what is none at all."""

from __future__ import annotations

import errno
import multiprocessing
import os
import sys
import time
from dataclasses import dataclass

import pytest
from msgspec.structs import replace

from pytest_tinytorch.course.options import Options
from pytest_tinytorch.evidence import appendfile, ledger
from pytest_tinytorch.evidence.ledger import Event
from pytest_tinytorch.evidence.workspace import open_workspace
from tests.support import toy

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX")

EVENT = Event(
    "checkpoint-01", "passed", "s1", "t1", {"passed": 3}, True, "2026-01-01T00:00:00+00:00"
)
EARLIER = [EVENT, replace(EVENT, unit="checkpoint-02", notes={"loss": "ünïcödé ✓"})]
NEW = [replace(EVENT, unit="checkpoint-03", notes={"what": "→"}), replace(EVENT, verdict="wrong")]
LATER = replace(EVENT, unit="checkpoint-04")


@pytest.fixture
def file(tmp_path):
    return tmp_path / "ledger.jsonl"


class TestCut:
    def test_a_write_that_is_cut_at_any_byte(self, file):
        """All earlier events stay, whole new ones count, what is left of one is named and kept."""
        ledger.append_events(file, EARLIER)
        before = file.read_bytes()
        ledger.append_events(file, NEW)
        whole = file.read_bytes()
        for size in range(len(before), len(whole) + 1):
            left = whole[:size]
            file.write_bytes(left)
            lines = left[len(before) :].split(b"\n")
            ended = [len(line) for line in whole[len(before) :].split(b"\n")]
            count = sum(len(a) == b and b > 0 for a, b in zip(lines, ended, strict=False))
            found = ledger.read_ledger(file)
            assert list(found.events) == [*EARLIER, *NEW[:count]], size
            assert len(found.damage) == (len([x for x in lines if x]) > count), size
            assert all(f"{file}:{3 + count}: skipped" in text for text in found.damage)
            ledger.append_events(file, [LATER])
            again = ledger.read_ledger(file)
            assert list(again.events) == [*EARLIER, *NEW[:count], LATER], size
            assert again.damage == found.damage
            assert file.read_bytes().startswith(left)


class TestWrites:
    def test_one_append_is_one_write_and_on_the_disk(self, file, monkeypatch):
        calls = []
        for name in ("write", "fsync"):
            real = getattr(os, name)
            monkeypatch.setattr(
                os, name, lambda *args, name=name, real=real: calls.append(name) or real(*args)
            )
        ledger.append_events(file, EARLIER)
        first, *rest = calls
        assert (first, set(rest)) == ("write", {"fsync"})
        assert len(rest) == (
            2 if os.name == "posix" else 1
        )  # the file, and the folder of a new one
        calls.clear()
        ledger.append_events(file, NEW)
        assert calls == ["write", "fsync"]

    def test_a_new_folder_is_on_the_disk_too(self, tmp_path, monkeypatch):
        synced = []
        monkeypatch.setattr(appendfile, "sync_folder", synced.append)
        ledger.append_events(tmp_path / "a" / "b" / "ledger.jsonl", [EVENT])
        assert synced == [tmp_path, tmp_path / "a", tmp_path / "a" / "b"]

    def test_only_what_is_new_in_the_file_as_it_is_now(self, file):
        """Another run may have written since this one began."""
        ledger.record_events(file, [EVENT])
        ledger.append_events(file, [replace(EVENT, verdict="wrong")])
        before = file.read_bytes()
        ledger.record_events(file, [replace(EVENT, verdict="wrong", at="later")])
        assert file.read_bytes() == before
        ledger.record_events(file, [EVENT])
        assert [e.verdict for e in ledger.read_ledger(file).events] == ["passed", "wrong", "passed"]

    def test_what_was_written_while_it_waited_counts(self, file, monkeypatch):
        locked = appendfile.locked

        def after_another_run(file):
            ledger.append_events(file, [EVENT])
            return locked(file)

        ledger.append_events(file, [LATER])
        with monkeypatch.context() as patch:
            calls = iter([after_another_run, locked])
            patch.setattr(appendfile, "locked", lambda file: next(calls)(file))
            ledger.record_events(file, [EVENT])
        assert list(ledger.read_ledger(file).events) == [LATER, EVENT]


def append_many(file, number, count):
    for n in range(count):
        ledger.append_events(file, [replace(EVENT, source=f"{number}-{n}")])


def hold(file, held):
    with appendfile.locked(file):
        held.set()
        time.sleep(600)


class TestProcesses:
    def test_several_at_once_lose_nothing(self, file):
        context = multiprocessing.get_context("spawn")
        workers = [
            context.Process(target=append_many, args=(file, number, 15)) for number in range(4)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        found = ledger.read_ledger(file)
        assert not found.damage
        written = [event.source for event in found.events]
        assert sorted(written) == sorted(f"{k}-{n}" for k in range(4) for n in range(15))

    def test_the_lock_of_a_process_that_is_gone_holds_nobody_up(self, file, monkeypatch):
        context = multiprocessing.get_context("spawn")
        held = context.Event()
        worker = context.Process(target=hold, args=(file, held), daemon=True)
        worker.start()
        assert held.wait(120)
        monkeypatch.setattr(appendfile, "PATIENCE", 0.2)
        with pytest.raises(OSError, match=r"another run has been writing for 0\.2 s"):
            ledger.append_events(file, [EVENT])
        worker.kill()
        worker.join()
        monkeypatch.undo()
        ledger.append_events(file, [EVENT])
        assert ledger.read_ledger(file).events == (EVENT,)


@dataclass
class Disk:
    """A disk with room for so many bytes more; then it says why it takes no more."""

    room: int
    trouble: int = errno.ENOSPC

    def write(self, descriptor, data):
        if not self.room:
            raise OSError(self.trouble, os.strerror(self.trouble))
        size = min(self.room, len(data))
        self.room -= size
        return REAL_WRITE(descriptor, data[:size])


REAL_WRITE = os.write


class TestTrouble:
    @pytest.mark.parametrize("room", [0, 1, 100, 300])
    def test_on_a_full_disk_the_file_stays_as_it_was(self, file, room, monkeypatch):
        ledger.append_events(file, EARLIER)
        before = file.read_bytes()
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", Disk(room).write)
            with pytest.raises(OSError, match=r"No space left on device: .*ledger"):
                ledger.append_events(file, NEW)
        assert file.read_bytes() == before
        ledger.append_events(file, NEW)
        assert list(ledger.read_ledger(file).events) == [*EARLIER, *NEW]

    @POSIX
    def test_where_a_file_may_not_grow(self, file):
        """The system itself writes only a part here."""
        import resource

        ledger.append_events(file, EARLIER)
        before = file.read_bytes()
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 50, hard))
        try:
            with pytest.raises(OSError, match="File too large"):
                ledger.append_events(file, NEW)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert file.read_bytes() == before

    def test_a_folder_is_no_ledger(self, file):
        file.mkdir()
        says = f"{file} is a folder, so no progress is read or kept"
        assert ledger.read_ledger(file).damage == (says,)
        with pytest.raises(OSError, match="is a folder"):
            ledger.record_events(file, [EVENT])

    @POSIX
    @pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/full", "/dev/random"])
    def test_a_device_is_neither_read_nor_written(self, file, device):
        file.symlink_to(device)
        (says,) = ledger.read_ledger(file).damage
        assert says == f"{file} is a device or a pipe, so no progress is read or kept"
        with pytest.raises(OSError, match="is a device") as caught:
            ledger.record_events(file, [EVENT])
        assert str(caught.value) == says

    @POSIX
    def test_a_pipe_is_not_waited_for(self, file):
        os.mkfifo(file)
        (says,) = ledger.read_ledger(file).damage
        assert "a pipe" in says
        with pytest.raises(OSError, match="a pipe"):
            ledger.record_events(file, [EVENT])

    def test_a_gigabyte_is_not_read(self, file, monkeypatch):
        with file.open("wb") as stream:
            stream.truncate(2**30)
        monkeypatch.setattr(type(file), "open", None)  # nobody may try
        (says,) = ledger.read_ledger(file).damage
        assert says.startswith(f"{file} has 1,024 MB, so no progress is read or kept")
        with pytest.raises(OSError, match="has 1,024 MB"):
            ledger.record_events(file, [EVENT])
        assert file.stat().st_size == 2**30

    def test_zeros_at_the_end_are_named(self, file):
        """As a power cut may leave them."""
        ledger.append_events(file, EARLIER)
        file.write_bytes(file.read_bytes() + bytes(100))
        ledger.append_events(file, NEW)
        found = ledger.read_ledger(file)
        assert list(found.events) == [*EARLIER, *NEW]
        assert found.damage == (f"{file}:3: skipped, not a line of JSON",)

    @POSIX
    def test_a_circle_of_links(self, file):
        file.symlink_to(file)
        (says,) = ledger.read_ledger(file).damage
        assert "symbolic links" in says
        with pytest.raises(OSError, match="symbolic links"):
            ledger.record_events(file, [EVENT])

    @pytest.mark.parametrize("trouble", [errno.EACCES, errno.EROFS])
    def test_what_may_not_be_written_says_so(self, file, trouble, monkeypatch):
        ledger.append_events(file, EARLIER)
        before, real = file.read_bytes(), os.open

        def refuse(path, flags, *rest, **more):
            if flags & os.O_RDWR and str(path) == str(file):
                raise OSError(trouble, os.strerror(trouble), str(path))
            return real(path, flags, *rest, **more)

        monkeypatch.setattr(os, "open", refuse)
        with pytest.raises(OSError, match=os.strerror(trouble)):
            ledger.record_events(file, NEW)
        assert file.read_bytes() == before


class TestPlace:
    def place(self, root, **options):
        return open_workspace(root, Options(**options)).ledger_file

    def test_another_package_has_a_ledger_of_its_own(self, tmp_path):
        root = toy.build(tmp_path / "course")
        ann, ben = tmp_path / "ann", tmp_path / "ben"
        for folder in (ann, ben):
            toy.write(folder, {"tinytorch/__init__.py": "", ".tinytorch/ledger.jsonl": ""})
        own = self.place(root)
        assert own == root / ".tinytorch" / "ledger.jsonl"
        places = {own, self.place(root, source=ann), self.place(root, source=ben)}
        assert len(places) == 3
        assert all(place.is_relative_to(root / ".tinytorch") for place in places)
        assert self.place(root, source=tmp_path / "course" / ".." / "ann") in places
        assert self.place(root, source=root) == own
        assert self.place(root, source=ann, ledger=tmp_path / "x") == tmp_path / "x"
