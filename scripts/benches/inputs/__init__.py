"""Inputs made up for the benches, the same on every run, so that they run with nothing but this repository."""
