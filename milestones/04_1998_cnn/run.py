"""1998: watch filters learn to see. Start it with `python milestones/04_1998_cnn/run.py`."""

from pytest_tinytorch.api import run_milestone

if __name__ == "__main__":
    run_milestone(__file__)
