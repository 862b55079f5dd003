"""Measurements against peers in the same run: `./studio bench [NAME...]`."""
