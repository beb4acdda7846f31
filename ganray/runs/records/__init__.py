"""What the store holds of runs and of their tasks."""
