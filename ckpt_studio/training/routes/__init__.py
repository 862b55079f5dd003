"""The kinds of runs, as far as they are known without TensorFlow."""
