"""What the numbers of a tensor say: statistics, histograms, reductions for heatmaps."""
