"""What it costs to carry real features over into generated ones."""
