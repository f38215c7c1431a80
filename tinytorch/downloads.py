"""Where the files of a data set are: in a folder of your own, in the cache, or still to download.

Given, not an exercise. A downloaded file is used only if its sha256 is the known one. It is written to
a private folder inside the cache and then renamed, so no other process ever sees half of it.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tinytorch import formats

ROUNDS = 3
"""The number of rounds in which all mirrors are tried."""
PAUSE = 1.0
"""Seconds to wait after the first round, and twice that after the second."""
TIMEOUT = (5, 30)
"""Seconds to wait for a connection, and for the next bytes."""
PARTIAL = "partial-"
"""How the name of a private folder begins."""
ABANDONED = 3600
"""Seconds without a new byte after which nobody fills a private folder any more."""


@dataclass(frozen=True)
class Source:
    """The files of a data set, and where to get them.

    Args:
        name: the usual name.
        folder: the folder that holds its files, also inside an archive.
        records: the number of images in a training file and in a test file.
        mirrors: the addresses that have its files, each ending in ``/``.
        sha256: maps the name of each file on a mirror to its digest.
        archive: the name of the single ``.tar.gz`` that contains all files. If None, the mirrors have
            each file separately, and its name ends in ``.gz``.
    """

    name: str
    folder: str
    records: tuple[int, int]
    mirrors: tuple[str, ...]
    sha256: dict[str, str]
    archive: str | None = None

    def served(self, names: Iterable[str]) -> list[str]:
        """The files to download to get the unpacked files ``names``."""
        return [self.archive] if self.archive else [f"{name}.gz" for name in names]


def contents(
    source: Source, sizes: Mapping[str, int], root: str | Path | None = None, download: bool = True
) -> Iterator[tuple[str, Path, bytes]]:
    """The files of a data set: from your own folder if it has them, or else from the cache.

    Your own folder is only read. Files that the cache lacks are downloaded to the cache.

    Args:
        source: the `Source`.
        sizes: maps the name of each unpacked file to its expected size in bytes.
        root: the folder that holds ``source.folder``, and then neither cache nor network is used.
            If None, the one that the environment variable TINYTORCH_DATA names, if any.
        download: whether to download what is missing.
    Yields:
        (name, path, bytes): one file after another. Of a file that is too long, one byte more than
        ``sizes`` says.
    Raises:
        FileNotFoundError: files are missing, and ``download`` is false or ``root`` is given.
        ConnectionError: no mirror delivered a file with the known sha256.
        OSError: the cache cannot be written to; a PermissionError if that is not allowed.
        ValueError: a file of your own is damaged. All messages say what to do.
    """
    paths = own(source, list(sizes), root)
    if not paths:
        paths = [cached(source, file, download) for file in source.served(sizes)]
    for path in paths:
        if path.name == source.archive:
            for name, data in formats.members(path, source.folder, sizes):
                yield name, path, data
        else:
            name = path.name.removesuffix(".gz")
            yield name, path, formats.content(path, sizes[name])


def own(source: Source, names: Sequence[str], root: str | Path | None = None) -> list[Path]:
    """The paths of the files ``names`` in the user's own folder; empty if it has none of them.

    Raises:
        FileNotFoundError: some of them are missing; or all are, and ``root`` is given.
    """
    base = root if root is not None else os.environ.get("TINYTORCH_DATA")
    if not base:
        return []
    folder = Path(base) / source.folder
    found = [existing(folder / name, folder / f"{name}.gz") for name in names]
    if all(found):
        return found  # type: ignore[return-value]  # there is no None among them
    if source.archive:
        archive = existing(folder / source.archive, Path(base) / source.archive)
        if archive:
            return [archive]
    if any(found) or root is not None:
        missing = [name for name, path in zip(names, found, strict=True) if not path]
        what = (
            f"{folder} lacks {', '.join(missing)}, and nothing is ever downloaded to such a folder"
        )
        raise FileNotFoundError(absence(source, what))
    return []


def existing(*paths: Path) -> Path | None:
    """The first of some paths that is a file, or None."""
    return next((path for path in paths if path.is_file()), None)


def cached(source: Source, file: str, download: bool = True) -> Path:
    """The path of a complete file in the cache, downloaded if it is missing and ``download`` is true."""
    place = cache() / source.folder
    if not is_whole(place / file, source.sha256[file]):
        if not download:
            raise FileNotFoundError(absence(source, f"no {file} in {looked(place)}"))
        fill(source, file, place)
    return place / file


def cache() -> Path:
    """The folder for downloads: the operating system's usual place for caches."""
    import pooch

    return Path(pooch.os_cache("tinytorch"))


def is_whole(path: Path, sha256: str) -> bool:
    """Whether the file exists and has this digest."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256


def looked(place: Path) -> str:
    """The folders that were searched, as text."""
    given = os.environ.get("TINYTORCH_DATA")
    return f"TINYTORCH_DATA ({given or 'not set'}), nor in the cache folder {place}"


def absence(source: Source, what: str) -> str:
    """The message for missing files: what to get, from where, and where to put it."""
    addresses = " or ".join(source.mirrors)
    return (
        f"{source.name} is not there: {what}. To use it offline, get {', '.join(source.sha256)} "
        f"from {addresses}, put that into a folder {source.folder}/, and let the environment "
        f"variable TINYTORCH_DATA name the folder that holds {source.folder}/"
    )


def fill(source: Source, file: str, place: Path) -> None:
    """Download a file into the folder ``place`` of the cache.

    Two processes may do so at once: each has a private folder, and the last rename wins.
    """
    try:
        place.mkdir(parents=True, exist_ok=True)
        remove_abandoned(place)
        with tempfile.TemporaryDirectory(prefix=PARTIAL, dir=place) as private:
            arrived = from_a_mirror(source, file, private, place)
            keep(arrived, place / file, source.sha256[file])
    except ConnectionError:
        raise
    except OSError as error:
        raise OSError(
            error.errno or errno.EIO,
            f"cannot write {file} to the cache folder {place} ({error.strerror or error}): make "
            f"room or allow writing there. Or put the files of {source.name} into a folder "
            f"{source.folder}/ elsewhere, and let the environment variable TINYTORCH_DATA name "
            f"the folder that holds {source.folder}/",
        ) from error


def remove_abandoned(place: Path) -> None:
    """Remove the private folders of downloads that were killed."""
    for private in place.glob(f"{PARTIAL}*"):
        with contextlib.suppress(OSError):
            newest = max(path.stat().st_mtime for path in (private, *private.iterdir()))
            if time.time() - newest > ABANDONED:
                shutil.rmtree(private)


def keep(arrived: str, target: Path, sha256: str) -> None:
    """Rename a complete file to ``target``, which is thus complete at every moment."""
    try:
        Path(arrived).replace(target)
    except PermissionError:  # On Windows: another process, which was faster, reads that file.
        if not is_whole(target, sha256):
            raise


def from_a_mirror(source: Source, file: str, private: str, place: Path) -> str:
    """Download a file from the first mirror that has it, and return its path in the folder ``private``.

    Raises:
        ConnectionError: no mirror has it. A 4xx response is final; anything else is tried again.
    """
    failures = {}
    mirrors = list(source.mirrors)
    for attempt in range(ROUNDS):
        if attempt and mirrors:
            time.sleep(PAUSE * attempt)
        for mirror in list(mirrors):
            path, failure, final = attempted(mirror + file, source.sha256[file], private)
            if path:
                return path
            failures[mirror + file] = failure
            if final:
                mirrors.remove(mirror)
    told = "; ".join(f"{address}: {failure}" for address, failure in failures.items())
    raise ConnectionError(
        absence(source, f"no {file} in {looked(place)}, and no download succeeded ({told})")
    )


def attempted(address: str, sha256: str, private: str) -> tuple[str | None, str | None, bool]:
    """Try a download once: (path, None, False), or (None, what went wrong, whether that is final)."""
    import pooch
    import requests

    pooch.get_logger().setLevel("WARNING")  # It would name the private folder.
    name = address.rpartition("/")[2]
    with contextlib.closing(Progress(name)) as progress:
        downloader = pooch.HTTPDownloader(
            progressbar=progress if progress.visible else False,
            chunk_size=2**16,
            timeout=TIMEOUT,
            headers={"Accept-Encoding": "identity"},
        )
        try:
            path = pooch.retrieve(address, sha256, name, private, downloader=downloader)
        except requests.HTTPError as error:
            status = error.response.status_code
            return None, f"the answer was {status}", 400 <= status < 500
        except requests.RequestException as error:
            return None, f"no connection, or one that broke ({type(error).__name__})", False
        except ValueError:
            return None, "its sha256 is wrong, so it was thrown away", False
        return path, None, False


class Progress:
    """The progress of a download, as a line on stderr if that is a terminal.

    Pooch sets ``total`` and calls the methods.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.total = self.done = 0
        self.shown: int | None = None
        self.visible = sys.stderr is not None and sys.stderr.isatty()

    def update(self, count: int) -> None:
        """Count ``count`` more bytes."""
        self.done += count
        percent = min(100, 100 * self.done // self.total) if self.total else None
        if percent not in (None, self.shown):
            print(f"\r{self.name} {percent:3}%", end="", file=sys.stderr, flush=True)
            self.shown = percent

    def reset(self) -> None:
        """Count from 0 again."""
        self.done = 0

    def close(self) -> None:
        """End the line if one was started."""
        if self.shown is not None:
            print(file=sys.stderr)
            self.shown = None
