"""What GANs can make: searched for, reckoned, and between latent vectors."""
