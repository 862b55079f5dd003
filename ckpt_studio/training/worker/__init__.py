"""The training process: the only place that imports TensorFlow; started with `python -m`, imported by nobody."""
