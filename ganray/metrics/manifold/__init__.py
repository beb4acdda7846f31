"""Whether images lie among each other: balls around each image that reach to its neighbours."""
