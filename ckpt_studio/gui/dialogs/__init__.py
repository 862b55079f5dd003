"""Dialogs, all non-native and opened without a nested event loop."""
