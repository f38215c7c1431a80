"""The folder of results: one grader at a time, each result whole or not there, and what is there is kept."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from pytest_tinytorch.evidence.implementation import PACKAGE
from pytest_tinytorch.export.files import write_whole
from pytest_tinytorch.grade.classpage import class_page
from pytest_tinytorch.grade.fingerprints import Body
from pytest_tinytorch.grade.grades import Grade, grade_json, parse_grade
from pytest_tinytorch.grade.jobs import Result
from pytest_tinytorch.grade.launch import FILES
from pytest_tinytorch.grade.similarity import Known
from pytest_tinytorch.grade.submissions import Submission
from pytest_tinytorch.grade.summary import Summary, csv_text, summary_json

SUBMISSIONS, WORK, LOCK = "submissions", ".work", ".lock"
GRADE, RUN, BODIES = "grade.json", "run", "fingerprints.json"
TABLE, SUMMARY, PAGE = "grades.csv", "summary.json", "class.html"


class Busy(ValueError):
    """Another grader works on the same folder."""


class InTheWay(ValueError):
    """Results and submissions would lie in one folder; the message says which."""


@dataclass(frozen=True)
class Store:
    """A folder of results.

    Attributes:
        folder: the one.
    """

    folder: Path

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other graders out, and clear away what one that was killed has left.

        Raises:
            Busy: another one is at work.
        """
        from filelock import FileLock, Timeout

        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.folder / LOCK, timeout=0):
                shutil.rmtree(self.work, ignore_errors=True)
                self.work.mkdir(exist_ok=True)
                try:
                    yield
                finally:
                    shutil.rmtree(self.work, ignore_errors=True)
        except Timeout:
            raise Busy(
                f"another grader is at work on {self.folder}: wait, or name another --out"
            ) from None

    def refuse_among(self, places: Iterable[Path]) -> None:
        """Refuse results that the next run would take for submissions, and submissions that results replace.

        In a single submission, a folder of results beside ``tinytorch/`` harms nothing.

        Raises:
            InTheWay: they would lie in one folder.
        """
        out = self.folder.resolve()
        own = (out / SUBMISSIONS, out / WORK)
        for place in places:
            named = place.resolve()
            package = named / PACKAGE
            around = package if package.is_dir() else named
            if out == named or out.is_relative_to(around):
                raise InTheWay(
                    f"--out {self.folder} is among the submissions: name a folder outside {place}"
                )
            if any(named.is_relative_to(folder) for folder in own):
                raise InTheWay(
                    f"--out {self.folder} would replace {place} by results: name another folder"
                )

    @property
    def work(self) -> Path:
        """For files that are not results yet."""
        return self.folder / WORK

    def place(self, submission: Submission) -> Path:
        """The folder with the results of a submission."""
        return self.folder / SUBMISSIONS / submission.folder

    def grade(self, submission: Submission) -> Grade | None:
        """The grade that is there; None if there is none."""
        file = self.place(submission) / GRADE
        try:
            return parse_grade(file.read_bytes())
        except OSError:
            return None

    def files(self, submission: Submission) -> dict[str, str]:
        """What came out of the run of a submission, by name."""
        place = self.place(submission) / RUN
        return {
            name: (place / name).read_text(encoding="utf-8")
            for name in FILES
            if (place / name).is_file()
        }

    def bodies(self, submission: Submission) -> tuple[Body, ...]:
        """What a submission is compared with others by; nothing if it was not graded."""
        try:
            data = (self.place(submission) / BODIES).read_bytes()
            return msgspec.json.decode(data, type=tuple[Body, ...])
        except (OSError, msgspec.ValidationError, msgspec.DecodeError):
            return ()

    def known(self) -> Known:
        """What all submissions are compared with; nothing if none was graded yet.

        Raises:
            ValueError: the file is damaged.
        """
        file = self.folder / BODIES
        try:
            return msgspec.json.decode(file.read_bytes(), type=Known)
        except FileNotFoundError:
            return Known()
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            raise ValueError(
                f"{file}: {error}: remove it, and run the same command again"
            ) from error

    def keep_known(self, known: Known) -> None:
        """Write what all submissions are compared with."""
        write_whole(self.folder / BODIES, msgspec.json.encode(known))

    def keep(self, submission: Submission, result: Result) -> None:
        """Put a result in place of the one before, all of it or nothing."""
        fresh = Path(tempfile.mkdtemp(prefix="result-", dir=self.work))
        (fresh / RUN).mkdir()
        for name in FILES.keys() & result.files.keys():  # no other name: they come from elsewhere
            (fresh / RUN / name).write_text(result.files[name], encoding="utf-8", newline="")
        if result.bodies:
            (fresh / BODIES).write_bytes(msgspec.json.encode(result.bodies))
        (fresh / GRADE).write_bytes(grade_json(result.grade))
        self.move_in(fresh, self.place(submission))

    def move_in(self, fresh: Path, place: Path) -> None:
        """Put a folder in its place. Between the two steps none is there: who is killed then grades again."""
        place.parent.mkdir(exist_ok=True)
        shutil.rmtree(place, ignore_errors=True)
        fresh.replace(place)

    def copy_in(self, submission: Submission, other: Store) -> None:
        """Take the results of a submission from another folder."""
        source = other.place(submission)
        fresh = Path(tempfile.mkdtemp(prefix="result-", dir=self.work)) / "copy"
        shutil.copytree(source, fresh)
        self.move_in(fresh, self.place(submission))

    def write(self, submission: Submission, files: Mapping[str, str]) -> None:
        """Write files for a student, where they differ from what is there."""
        for name, text in files.items():
            file, data = self.place(submission) / name, text.encode("utf-8", "backslashreplace")
            if not file.is_file() or file.read_bytes() != data:
                write_whole(file, data)

    def write_record(self, name: str, data: bytes) -> None:
        """Write a file for the records of the course, beside the table of the class."""
        write_whole(self.folder / name, data)

    def write_class(self, summary: Summary) -> None:
        """Write table, JSON and page of the class."""
        page = class_page(summary)
        write_whole(self.folder / TABLE, csv_text(summary).encode("utf-8", "backslashreplace"))
        write_whole(self.folder / PAGE, page.encode("utf-8", "backslashreplace"))
        write_whole(self.folder / SUMMARY, summary_json(summary))
