"""The kinds of runs in the training process: each makes a Trainer out of a job."""
