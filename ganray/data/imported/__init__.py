"""Sets that were imported: sorted by split and class, read in place, and kept by nodes."""
