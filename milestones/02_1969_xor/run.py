"""1969: see what one layer cannot do. Start it with `python milestones/02_1969_xor/run.py`."""

from pytest_tinytorch.api import run_milestone

if __name__ == "__main__":
    run_milestone(__file__)
