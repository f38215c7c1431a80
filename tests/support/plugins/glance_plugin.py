"""A profile of Hypothesis for runs that only ask whether an exercise is there: one example a spec."""

from hypothesis import settings

from pytest_tinytorch.run import profiles

profiles.register_profiles()
settings.register_profile("glance", settings.get_profile("learn"), max_examples=1)
