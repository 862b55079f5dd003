"""What every layer shares: errors, tensors as columns, tasks, events, bundled files."""
