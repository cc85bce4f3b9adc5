"""Training of the line model: scripts/train runs `training.train`."""
