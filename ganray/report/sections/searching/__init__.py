"""What GANs can be made to generate, how likely, and what lies between."""
