"""Datasets, ready for a DataLoader: TinyDigits and TinyTalks, which ship with the kit, MNIST and CIFAR-10.

Given, not an exercise. Everything here is plain NumPy, so that it works before you have written
module 08.
"""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tinytorch import formats
from tinytorch.downloads import Source, contents

if TYPE_CHECKING:  # to read a file takes no engine
    from tinytorch.primitive import Array


class TinyDigits:
    """Handwritten digits of 8 × 8 pixels: 1,000 to train on and 200 to test, all ten equally often.

    Args:
        train: the training images, or else the test images.
        root: a folder that holds ``tinydigits/``. If None, that is the folder which the environment
            variable TINYTORCH_DATA names, if it holds one, or else the workspace's ``datasets/``.
    Attributes:
        images: float32 in [0, 1], (N, 1, 8, 8); 0 is paper and 1 is ink.
        labels: the digits, int64, (N,).
    Raises:
        FileNotFoundError: there is no such folder, or a file of it is missing.
        ValueError: a file is damaged. Both messages say how to fix it.

    >>> digits = TinyDigits(train=False)
    >>> image, label = digits[0]
    >>> len(digits), image.shape, 0 <= label <= 9
    (200, (1, 8, 8), True)
    """

    def __init__(self, train: bool = True, root: str | Path | None = None) -> None:
        content = read(folder("tinydigits", root) / ("train.npz" if train else "test.npz"))
        with np.load(io.BytesIO(content), allow_pickle=False) as found:
            arrays = dict(found)
        self.images = arrays["images"][:, None].astype(np.float32) / 16  # (N, 1, 8, 8)
        self.labels = arrays["labels"].astype(np.int64)  # (N,)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Array, int]:
        """One (image, label): an array (1, 8, 8) and an int."""
        return self.images[index], int(self.labels[index])

    def fetch(self, indices: Array | slice | int) -> tuple[Array, Array]:
        """Many at once, which is faster in a DataLoader: (images, labels)."""
        return self.images[indices], self.labels[indices]


class TinyTalks:
    """Questions and answers in plain English, at five levels: 280 pairs to train on, 35 and 35 held out.

    The held-out pairs ask the same as training pairs in other words, and have the same answers.

    Args:
        split: "train", "validation" or "test".
        root: a folder that holds ``tinytalks/``; None looks where TinyDigits looks.
    Attributes:
        questions, answers: lists of N strings.
        levels: 1 small talk, 2 facts, 3 arithmetic, 4 reasoning, 5 deep learning; int64, (N,).
    Raises:
        FileNotFoundError: there is no such folder, or a file of it is missing.
        ValueError: ``split`` is none of the three, or the file is damaged. The message says what to do.

    >>> talks = TinyTalks("test")
    >>> question, answer = talks[0]
    >>> len(talks), talks.text().startswith(f"Q: {question}\\nA: {answer}\\n\\nQ: ")
    (35, True)
    """

    SPLITS = ("train", "validation", "test")

    def __init__(self, split: str = "train", root: str | Path | None = None) -> None:
        if split not in self.SPLITS:
            raise ValueError(f"split must be one of {', '.join(self.SPLITS)}, got {split!r}")
        file = folder("tinytalks", root) / "talks.tsv"
        rows = [row for row in table(file, "level split question answer") if row[1] == split]
        self.questions = [question for _, _, question, _ in rows]
        self.answers = [answer for _, _, _, answer in rows]
        self.levels = np.array([level for level, _, _, _ in rows], dtype=np.int64)  # (N,)

    def __len__(self) -> int:
        return len(self.questions)

    def __getitem__(self, index: int) -> tuple[str, str]:
        """One (question, answer), two strings."""
        return self.questions[index], self.answers[index]

    def text(self) -> str:
        """All pairs as one text: two lines a pair, ``Q: ...`` and ``A: ...``, and a blank one after it."""
        # Python goes through anything that has items numbered from 0; mypy asks for __iter__.
        return "".join(f"Q: {question}\nA: {answer}\n\n" for question, answer in self)  # type: ignore[attr-defined]


def folder(name: str, root: str | Path | None = None) -> Path:
    """The folder of the data set ``name``; a FileNotFoundError lists where it was not found."""
    if root is not None:
        places, looked = [Path(root)], f"in {root}"
    else:
        own = os.environ.get("TINYTORCH_DATA")
        above = [Path.cwd(), *Path.cwd().parents, *Path(__file__).resolve().parents]
        places = [Path(own)] if own else []
        places += [parent / "datasets" for parent in above]
        looked = (
            f"in TINYTORCH_DATA ({own or 'not set'}), nor in datasets/ at or above {Path.cwd()}"
        )
    for place in places:
        if (place / name).is_dir():
            return place / name
    raise FileNotFoundError(
        f"no folder {name}/ {looked}: run inside the workspace, or name the folder that holds it"
    )


def read(file: Path) -> bytes:
    """The bytes of a file whose sha256 is the one that SHA256SUMS beside it lists."""
    fix = f"restore it with `git checkout -- {file.parent}`, or copy that from a fresh clone"
    listed = file.with_name("SHA256SUMS")
    for needed in (file, listed):
        if not needed.is_file():
            raise FileNotFoundError(f"{needed} is missing: {fix}")
    text = listed.read_text(encoding="utf-8", errors="replace")
    rows = [line.split() for line in text.splitlines()]
    digests = {row[1]: row[0] for row in rows if len(row) == 2}
    content = file.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digests.get(file.name) != digest:
        expected = digests.get(file.name, "a line for it, which is missing")
        raise ValueError(
            f"{file} is damaged: its sha256 is {digest}, SHA256SUMS says {expected}; {fix}"
        )
    return content


def table(file: Path, columns: str) -> list[list[str]]:
    """The rows of a ``.tsv`` file whose first line names these columns, each a list of strings."""
    names = columns.split()
    head, *rows = [line.split("\t") for line in read(file).decode("utf-8").splitlines()] or [[]]
    if head != names:
        raise ValueError(f"{file}: the first line must name the columns {names}, got {head}")
    for number, row in enumerate(rows, start=2):
        if len(row) != len(names):
            raise ValueError(f"{file}, line {number}: expected {len(names)} columns, got {row}")
    return rows


class StoredImages:
    """Images kept as bytes, a quarter of the memory of float32, until you read them.

    Attributes:
        images: uint8 as in the file, (N, C, H, W).
        labels: int64, (N,).
    """

    images: Array
    labels: Array

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Array, int]:
        """One (image, label): a float32 array (C, H, W) in [0, 1] and an int."""
        images, label = self.fetch(index)
        return images, int(label)

    def fetch(self, indices: Array | slice | int) -> tuple[Array, Array]:
        """Many at once, which is faster in a DataLoader: (float32 images in [0, 1], int64 labels)."""
        images = self.images[indices].astype(np.float32)
        images /= 255
        return images, self.labels[indices]


class MNIST(StoredImages):
    """Handwritten digits of 28 × 28 pixels: 60,000 to train on and 10,000 to test. See docs/data.md.

    Args:
        train: the training images, or else the test images.
        root: a folder that holds ``mnist/``; no other place is then used. If None, that is the
            folder which the environment variable TINYTORCH_DATA names, if it holds one, or else
            the cache folder.
        download: whether to download what is missing (12 MB) to the cache folder.
    Attributes:
        images: uint8, (N, 1, 28, 28); 0 is paper and 255 is ink.
        labels: the digits, int64, (N,).
    Raises:
        FileNotFoundError: files are missing, and ``download`` is false or ``root`` is given.
        ConnectionError: files are missing, and no download succeeded.
        OSError: the cache folder cannot be written to.
        ValueError: a file is damaged. All messages say what to do.
    """

    source = Source(
        name="MNIST",
        folder="mnist",
        records=(60_000, 10_000),
        mirrors=(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
        sha256={
            "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        },
    )

    def __init__(
        self, train: bool = True, root: str | Path | None = None, download: bool = True
    ) -> None:
        prefix = "train" if train else "t10k"
        count = self.source.records[0 if train else 1]
        shapes = {
            f"{prefix}-images-idx3-ubyte": (count, 28, 28),
            f"{prefix}-labels-idx1-ubyte": (count,),
        }
        sizes = {name: formats.idx_size(shape) for name, shape in shapes.items()}
        for name, path, data in contents(self.source, sizes, root, download):
            array = formats.read_idx(data, shapes[name], path)
            if "images" in name:
                self.images = array[:, None]  # (N, 1, 28, 28)
            else:
                self.labels = formats.class_numbers(array, 10, path)  # (N,)


class CIFAR10(StoredImages):
    """Color photographs of 32 × 32 pixels, ten classes: 50,000 to train on and 10,000 to test.

    See docs/data.md.

    Args:
        train: the training images, or else the test images.
        root: a folder that holds ``cifar-10-batches-bin/``; no other place is then used. If None,
            that is the folder which the environment variable TINYTORCH_DATA names, if it holds one,
            or else the cache folder.
        download: whether to download what is missing (170 MB) to the cache folder.
    Attributes:
        images: uint8, (N, 3, 32, 32); red, green and blue.
        labels: the numbers of the classes, int64, (N,).
        classes: the names of the classes.
    Raises:
        FileNotFoundError, ConnectionError, OSError, ValueError: as `MNIST` does.
    """

    classes = (
        *("airplane", "automobile", "bird", "cat", "deer"),
        *("dog", "frog", "horse", "ship", "truck"),
    )
    source = Source(
        name="CIFAR-10",
        folder="cifar-10-batches-bin",
        records=(10_000, 10_000),
        mirrors=("https://www.cs.toronto.edu/~kriz/",),
        sha256={
            "cifar-10-binary.tar.gz": "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        },
        archive="cifar-10-binary.tar.gz",
    )

    def __init__(
        self, train: bool = True, root: str | Path | None = None, download: bool = True
    ) -> None:
        files = [f"data_batch_{i}.bin" for i in range(1, 6)] if train else ["test_batch.bin"]
        count = self.source.records[0 if train else 1]
        self.images = np.empty((len(files) * count, 3, 32, 32), np.uint8)
        self.labels = np.empty(len(files) * count, np.int64)
        sizes = dict.fromkeys(files, count * (1 + 3 * 32 * 32))
        for name, path, data in contents(self.source, sizes, root, download):
            images, labels = formats.read_records(data, (3, 32, 32), count, path)
            part = slice(files.index(name) * count, (files.index(name) + 1) * count)
            self.images[part] = images
            self.labels[part] = formats.class_numbers(labels, len(self.classes), path)
