"""Bytes on disk to tensors and back; one folder a format, one registry."""
