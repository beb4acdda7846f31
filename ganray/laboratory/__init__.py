"""Games small enough to be seen through: no images, no networks beyond a few units."""
