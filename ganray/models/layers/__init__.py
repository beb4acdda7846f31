"""What families are made of: layers, wrappers of whole networks, and laws of first weights."""
