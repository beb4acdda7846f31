"""What is stored of a run, as a report reads it."""
