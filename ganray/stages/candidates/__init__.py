"""What sweeps compare and choose."""
