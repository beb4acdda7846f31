"""Networks of `kernel: fused`, differentiated as a whole and by hand."""
