"""Moments of history, relived with the framework that a learner wrote."""
