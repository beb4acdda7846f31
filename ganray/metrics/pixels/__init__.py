"""What images themselves say, pixel by pixel."""
