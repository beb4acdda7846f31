"""The few generated images that lie farthest from all real ones."""
