"""A process that keeps freed memory takes the pages of an array once, not each time."""

import platform
import subprocess
import sys

import pytest

resource = pytest.importorskip("resource", reason="counts page faults")

ALLOCATE = """
import resource
from pytest_tinytorch.run.memory import keep_freed_memory

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def step():
    return [bytearray(8 << 20) for _ in range(12)]

{first}
step()
before = faults()
for _ in range(10):
    step()
print(faults() - before)
"""


def faults(first):
    """How many pages the system hands out for ten steps that take twelve large arrays each."""
    command = [sys.executable, "-c", ALLOCATE.format(first=first)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other libraries keep memory")
def test_freed_memory_is_taken_again():
    assert faults("keep_freed_memory()") * 10 < faults("pass")
