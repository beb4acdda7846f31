"""What an iteration is given: batches, random numbers, images augmented, kept or weighed."""
