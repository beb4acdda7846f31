"""What training takes of time and memory, counted on tensors without data."""
