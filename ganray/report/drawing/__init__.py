"""Pictures: curves, images in rows, and letters in them."""
