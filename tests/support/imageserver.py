"""Tiny data sets in the formats of MNIST and CIFAR-10, and a server on this machine that has them."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import io
import tarfile
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

MNIST_RECORDS = (6, 4)
CIFAR_RECORDS = (3, 2)
ARCHIVE = "cifar-10-binary.tar.gz"
BATCHES = (*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin")


def idx(array, kind=8):
    """The bytes of an IDX file."""
    lengths = b"".join(length.to_bytes(4, "big") for length in array.shape)
    return bytes([0, 0, kind, array.ndim]) + lengths + array.astype(np.uint8).tobytes()


def mnist_arrays(seed=0):
    """Name to array of the four files."""
    generator = np.random.default_rng(seed)
    arrays = {}
    for prefix, count in zip(("train", "t10k"), MNIST_RECORDS, strict=True):
        shape = (count, 28, 28)
        arrays[f"{prefix}-images-idx3-ubyte"] = generator.integers(0, 256, shape, np.uint8)
        arrays[f"{prefix}-labels-idx1-ubyte"] = generator.integers(0, 10, count, np.uint8)
    return arrays


def mnist_files():
    """Name to bytes of the four files, packed as a mirror has them."""
    return {f"{name}.gz": gzip.compress(idx(array)) for name, array in mnist_arrays().items()}


def cifar_arrays(seed=0):
    """Name to (images, labels) of the six files."""
    generator = np.random.default_rng(seed)
    return {
        name: (
            generator.integers(0, 256, (count, 3, 32, 32), np.uint8),
            generator.integers(0, 10, count, np.uint8),
        )
        for name, count in zip(BATCHES, [CIFAR_RECORDS[0]] * 5 + [CIFAR_RECORDS[1]], strict=True)
    }


def cifar_files():
    """Name to bytes of the six files, unpacked."""
    return {
        name: b"".join(
            bytes([label]) + image.tobytes() for image, label in zip(images, labels, strict=True)
        )
        for name, (images, labels) in cifar_arrays().items()
    }


def archive(members):
    """A ``.tar.gz``: pairs of a name and bytes, or a `tarfile.TarInfo` instead of the bytes."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, data in members:
            if isinstance(data, tarfile.TarInfo):
                tar.addfile(data)
                continue
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return packed.getvalue()


def cifar_archive(**changed):
    """The archive with all six files, some of them with other bytes."""
    files = cifar_files() | {f"{name}.bin": data for name, data in changed.items()}
    return archive((f"cifar-10-batches-bin/{name}", data) for name, data in files.items())


def sha256(files):
    return {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}


@dataclass
class Mirror:
    """A server whose files and failures a test sets while it runs."""

    files: dict[str, bytes]
    statuses: dict[str, list[int]] = field(default_factory=dict)  # answers before the good one
    cut: bool = False  # announce all bytes, but send half of them
    before: Callable[[str], None] = lambda name: None  # called before each answer
    asked: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler(self))
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server.server_port}/data/"


def handler(mirror):
    """The class that answers for a mirror."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            name = self.path.removeprefix("/data/")
            with mirror.lock:
                mirror.asked[name] += 1
                status = mirror.statuses[name].pop(0) if mirror.statuses.get(name) else 200
            mirror.before(name)
            if name not in mirror.files:
                status = 404
            body = mirror.files[name] if status == 200 else b"an error page"
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if mirror.cut else body)

        def log_message(self, *_):
            pass

    return Handler


def small(data_set, records, *mirrors):
    """MNIST or CIFAR10 with few records, from mirrors. The right files are those of the first now."""
    files = mirrors[0].files
    source = dataclasses.replace(
        data_set.source,
        records=records,
        mirrors=tuple(mirror.address for mirror in mirrors),
        sha256=sha256({name: files[name] for name in data_set.source.sha256}),
    )
    return type(data_set.__name__, (data_set,), {"source": source})


def write(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)


def names_in(folder):
    """Paths of all files and folders inside, with ``/``."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def says(error, *words):
    """Whether the message of an error has each of these words."""
    text = str(error.value)
    missing = [word for word in words if str(word) not in text]
    assert not missing, f"{missing} not in: {text}"


def assert_is_mnist(digits, train=True):
    prefix = "train" if train else "t10k"
    arrays = mnist_arrays()
    assert np.array_equal(digits.images, arrays[f"{prefix}-images-idx3-ubyte"][:, None])
    assert np.array_equal(digits.labels, arrays[f"{prefix}-labels-idx1-ubyte"])


def assert_is_cifar(photographs, train=True):
    arrays = cifar_arrays()
    parts = [arrays[name] for name in (BATCHES[:5] if train else BATCHES[5:])]
    assert np.array_equal(photographs.images, np.concatenate([images for images, _ in parts]))
    assert np.array_equal(photographs.labels, np.concatenate([labels for _, labels in parts]))
