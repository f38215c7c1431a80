"""The experiments: what a milestone trains and measures, one function for its test and its scene."""
