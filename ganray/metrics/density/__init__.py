"""How dense generated images lie around real ones, and how likely real images are."""
