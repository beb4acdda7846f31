"""The networks of encoders that take more than a few lines, as torch modules."""
