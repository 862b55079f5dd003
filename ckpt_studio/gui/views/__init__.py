"""Views of one tensor: histogram, heatmap, values."""
