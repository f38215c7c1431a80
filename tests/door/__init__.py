"""Tests of the door, the plugin as pytest, editors and CI start it: whole runs."""
