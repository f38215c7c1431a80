"""Datasets: small ones that ship with the kit, ready for a DataLoader.

Given, not an exercise. Everything here is plain NumPy, so that it works before you have written
module 08.
"""

import hashlib
import io
import os
from pathlib import Path

import numpy as np


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
        ValueError: a file is damaged. Both messages say how to mend it.

    >>> digits = TinyDigits(train=False)
    >>> image, label = digits[0]
    >>> len(digits), image.shape, 0 <= label <= 9
    (200, (1, 8, 8), True)
    """

    def __init__(self, train=True, root=None):
        arrays = read(folder("tinydigits", root) / ("train.npz" if train else "test.npz"))
        self.images = arrays["images"][:, None].astype(np.float32) / 16  # (N, 1, 8, 8)
        self.labels = arrays["labels"].astype(np.int64)  # (N,)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        """One (image, label): an array (1, 8, 8) and an int."""
        return self.images[index], int(self.labels[index])

    def fetch(self, indices):
        """Many at once, which a DataLoader prefers: (images, labels)."""
        return self.images[indices], self.labels[indices]


def folder(name, root=None):
    """Where the data set ``name`` is; FileNotFoundError says where it was looked for."""
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


def read(file):
    """The arrays of an ``.npz`` file, once its sha256 is the one that SHA256SUMS beside it says."""
    mend = f"restore it with `git checkout -- {file.parent}`, or copy that from a fresh clone"
    listed = file.with_name("SHA256SUMS")
    for needed in (file, listed):
        if not needed.is_file():
            raise FileNotFoundError(f"{needed} is missing: {mend}")
    text = listed.read_text(encoding="utf-8", errors="replace")
    rows = [line.split() for line in text.splitlines()]
    digests = {row[1]: row[0] for row in rows if len(row) == 2}
    content = file.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digests.get(file.name) != digest:
        expected = digests.get(file.name, "a line for it, which is missing")
        raise ValueError(
            f"{file} is damaged: its sha256 is {digest}, SHA256SUMS says {expected}; {mend}"
        )
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return dict(arrays)
