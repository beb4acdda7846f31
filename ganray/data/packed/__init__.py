"""Sources that are no folder of their own: archives, read in place, and what a glob names."""
