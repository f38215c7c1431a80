"""1986: watch a network learn to read. Start it with `python milestones/03_1986_mlp/run.py`."""

from pytest_tinytorch.api import run_milestone

if __name__ == "__main__":
    run_milestone(__file__)
