"""Which images are taken, in which split, as which class, how often."""
