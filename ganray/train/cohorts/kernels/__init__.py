"""Products of several networks at once as Triton kernels, which PyTorch brings to GPUs."""
