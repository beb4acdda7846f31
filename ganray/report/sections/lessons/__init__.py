"""What classifiers learn from generated images."""
