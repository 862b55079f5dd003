"""The program without a window: the same work as commands."""
