"""Tests of the worked solution that no spec can hold."""
