"""What range-space searches say of a GAN: how often targets are reached, and by how likely z."""
