"""What learns: GANs, classifiers, and what it is that they learn."""
