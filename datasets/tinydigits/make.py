"""Make TinyDigits from scikit-learn's copy of the UCI handwritten digits.

    python datasets/tinydigits/make.py [FOLDER]

Needs scikit-learn; the data that ships was made by this script, so a learner never runs it. The
same copy gives the same files, byte for byte, on every machine.
"""

import hashlib
import io
import sys
import zipfile
from pathlib import Path

import numpy as np

SEED = 20
TRAIN, TEST = 100, 20  # images of each digit
FILES = ("train.npz", "test.npz")


def digits():
    """All 1,797 images (N, 8, 8) with values 0..16 and their labels (N,), both uint8."""
    from sklearn.datasets import load_digits

    found = load_digits()
    return found.images.astype(np.uint8), found.target.astype(np.uint8)


def split(images, labels):
    """File name to (images, labels): ``TRAIN`` and ``TEST`` of each digit, in mixed order."""
    # RandomState, because NumPy promises never to change its numbers; default_rng's may change.
    random = np.random.RandomState(SEED)
    shuffled = [random.permutation(np.flatnonzero(labels == digit)) for digit in range(10)]
    train = random.permutation(np.concatenate([chosen[:TRAIN] for chosen in shuffled]))
    test = random.permutation(np.concatenate([chosen[TRAIN : TRAIN + TEST] for chosen in shuffled]))
    parts = zip(FILES, (train, test), strict=True)
    return {file: (images[chosen], labels[chosen]) for file, chosen in parts}


def npz(**arrays):
    """The bytes of an ``.npz`` file that depend on the arrays alone.

    `np.savez` would write the time into it. Nothing is compressed, because two versions of zlib
    may compress the same bytes differently.
    """
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 3  # the same on Windows
            entry.external_attr = 0o644 << 16
            content = io.BytesIO()
            np.lib.format.write_array(content, array, version=(1, 0), allow_pickle=False)
            archive.writestr(entry, content.getvalue())
    return file.getvalue()


def write(folder):
    """Write both files and SHA256SUMS, which ``sha256sum --check`` understands."""
    sums = []
    for name, (images, labels) in split(*digits()).items():
        content = npz(images=images, labels=labels)
        (folder / name).write_bytes(content)
        sums.append(f"{hashlib.sha256(content).hexdigest()}  {name}\n")
    (folder / "SHA256SUMS").write_text("".join(sums), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
