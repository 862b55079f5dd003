"""Ckpt Studio: browse, edit and resume TensorFlow checkpoints."""

__version__ = "0.1.0"
