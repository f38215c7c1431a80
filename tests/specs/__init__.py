"""Tests of what specs are made of: laws, gradients, timing."""
