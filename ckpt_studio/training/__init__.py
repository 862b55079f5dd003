"""Resumed runs: what a run is, the process that carries it out, and what it reports."""
