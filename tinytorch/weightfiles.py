"""Safetensors files: checked completely before use, and written completely or not at all.

Given, not an exercise. Nothing here trusts a file: each number that it states about itself is checked, and
every error names the file, and the tensor if one is the cause.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save as to_bytes

from tinytorch.instead import refuse
from tinytorch.primitive import Array

DTYPES = {
    "BOOL": "?",
    "U8": "u1",
    "U16": "<u2",
    "U32": "<u4",
    "U64": "<u8",
    "I8": "i1",
    "I16": "<i2",
    "I32": "<i4",
    "I64": "<i8",
    "F16": "<f2",
    "F32": "<f4",
    "F64": "<f8",
    "BF16": "<u2",  # the upper half of a float32: NumPy has no such type
}
"""NumPy's names of the dtypes that it can read."""

FOREIGN = {
    b"PK\x03\x04": "a zip archive, as np.savez and torch.save write them",
    b"\x93NUMPY": "an array of np.save",
    b"\x80\x02": "a pickle, which could run anything",
    b"\x80\x03": "a pickle, which could run anything",
    b"\x80\x04": "a pickle, which could run anything",
    b"\x80\x05": "a pickle, which could run anything",
    b"\x89HDF": "an HDF5 file",
    b"GGUF": "a GGUF file",
}
"""How files of other tools begin. A valid file with a long enough header can begin in the same way, so this
only explains what could not be read."""


def read_safetensors(path: Any) -> tuple[dict[str, Array], dict[str, str]]:
    """All tensors of a safetensors file by name, and the strings of its header.

    BF16 becomes float32, which holds all of its values.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is a folder, damaged, or another kind of file; the message says what is wrong and
            where.
    """
    path = path_of(path)
    if path.is_dir():
        raise ValueError(f"{path} is a folder: use the path of a file in it")
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise FileNotFoundError(f"there is no file {path}") from None
    try:
        return parse(data)
    except ValueError as error:
        foreign = [kind for beginning, kind in FOREIGN.items() if data.startswith(beginning)]
        why = foreign[0] if foreign else str(error)
        raise ValueError(
            f"{path} is not a safetensors file ({why}): use safetensors.torch.save_file in PyTorch to write"
            " one, or a good copy"
        ) from None


def path_of(f: Any) -> Path:
    """The path; an open file is refused."""
    if not isinstance(f, (str, os.PathLike)):
        refuse(f"a {type(f).__name__} in place of a path", "use the path of a file")
    return Path(f)


def parse(data: bytes) -> tuple[dict[str, Array], dict[str, str]]:
    """Parse a file: eight bytes with the length of the header, the header in JSON, and the numbers.

    >>> parse(bytes([2, 0, 0, 0, 0, 0, 0, 0]) + b"{}")
    ({}, {})
    """
    header, body = header_of(data)
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(t, str) for t in metadata.values()):
        raise ValueError("its __metadata__ does not consist of strings")
    places = {name: place_of(name, described) for name, described in header.items()}
    arrays, reached = {}, 0
    for name, (dtype, shape, begin, end) in sorted(places.items(), key=lambda item: item[1][2:]):
        if begin != reached or end > len(body):
            where = (
                "ends beyond the file" if begin == reached else "overlaps another, or leaves a gap"
            )
            raise ValueError(f"tensor {name!r} {where}")
        arrays[name], reached = array_of(name, dtype, shape, body[begin:end]), end
    if reached != len(body):
        raise ValueError(f"{len(body) - reached} bytes at its end belong to no tensor")
    return {name: arrays[name] for name in header}, metadata


def header_of(data: bytes) -> tuple[dict[str, Any], memoryview]:
    """The header of a file, and the rest."""
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > len(data) - 8:
        raise ValueError("it is empty or cut short: its header would end beyond it")
    try:
        header = json.loads(data[8 : 8 + length].decode("utf-8"), object_pairs_hook=once)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"its header is not JSON: {error}") from None
    if not isinstance(header, dict):
        raise ValueError("its header is not an object")
    return header, memoryview(data)[8 + length :]


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; ValueError if a name occurs twice."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{name!r} is in its header twice")
        found[name] = value
    return found


def place_of(name: str, described: Any) -> tuple[str, list[int], int, int]:
    """(dtype, shape, begin, end) of one tensor, from the header."""
    match described:
        case {"dtype": str(dtype), "shape": [*shape], "data_offsets": [begin, end]}:
            if all(type(n) is int and n >= 0 for n in (*shape, begin, end)) and begin <= end:
                return dtype, shape, begin, end
    raise ValueError(f"tensor {name!r} is not described by dtype, shape and data_offsets")


def array_of(name: str, dtype: str, shape: list[int], content: memoryview) -> Array:
    """One tensor, with its own memory."""
    if dtype not in DTYPES:
        raise ValueError(f"tensor {name!r} has dtype {dtype}, which NumPy does not have")
    kind = np.dtype(DTYPES[dtype])
    if math.prod(shape) * kind.itemsize != len(content):
        raise ValueError(f"tensor {name!r} has {len(content)} bytes, too few or many for {shape}")
    try:
        array = np.frombuffer(content, kind).reshape(shape).astype(kind.newbyteorder("="))
    except ValueError as error:  # more axes than an array can have
        raise ValueError(f"tensor {name!r} has an impossible shape: {error}") from None
    if dtype == "BF16":
        return np.array(array.astype(np.uint32) << 16).view(np.float32)
    return array


def write_safetensors(
    path: Any, arrays: Mapping[str, Array], metadata: Mapping[str, str] | None = None
) -> None:
    """Write tensors and strings to a safetensors file.

    Raises:
        TypeError: an array has a dtype that such a file cannot hold; the message names it.
        OSError: the file cannot be written.

    It is written under another name beside ``path`` and then renamed: if anything fails, an earlier file
    stays as it was.
    """
    path = path_of(path)
    for name, array in arrays.items():
        if array.dtype.newbyteorder("=") not in map(np.dtype, DTYPES.values()):
            raise TypeError(
                f"{name!r} has dtype {array.dtype}, which no file holds: use .astype(…)"
            )
    laid_out = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    data = to_bytes(laid_out, dict(metadata) if metadata else None)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        unfinished.write_bytes(data)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
