"""What trained GANs make, and features of images: of these, and of real ones."""
