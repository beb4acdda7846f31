"""What comes from elsewhere into the store: the data set, and foreign weights."""
