"""2017: watch a transformer learn to answer. Start it with `python milestones/05_2017_transformer/run.py`."""

from pytest_tinytorch.api import run_milestone

if __name__ == "__main__":
    run_milestone(__file__)
