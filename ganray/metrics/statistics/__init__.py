"""What scores of few replicates, seeds or images allow to say, beside `intervals`."""
