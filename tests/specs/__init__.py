"""Tests of what specs are made of: laws, strategies, stand-ins for the student's names."""
