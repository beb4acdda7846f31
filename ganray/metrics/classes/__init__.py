"""What a classifier's posteriors say of generated images."""
