"""Tests of the lessons: made, found, and read."""
