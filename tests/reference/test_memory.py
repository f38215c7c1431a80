"""Memory that is freed is kept, where glibc would give it back: counted in page faults."""

import platform
import subprocess
import sys

import pytest

from tests.support import kit

FAULTS = """
import resource, sys
import numpy as np
from tinytorch.memory import keep_freed_memory
if "keep" in sys.argv:
    keep_freed_memory()
def step():
    return [np.ones(1 << 18) for _ in range(10)]  # of 2 MB each, freed together
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
step()
step()
before = faults()
step()
print(faults() - before)
"""


def faults(*options):
    command = [sys.executable, "-c", FAULTS, *options]
    found = subprocess.run(
        command, cwd=kit.ROOT / "reference", capture_output=True, text=True, check=True
    )
    return int(found.stdout)


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="needs glibc, which gives memory back"
)
def test_a_step_finds_the_memory_that_the_step_before_has_freed():
    assert faults("keep") < faults() / 10
