"""Whether generated images repeat training images or one another, and how much they vary."""
