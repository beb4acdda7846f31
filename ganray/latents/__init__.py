"""What latent vectors lead to: searched for, reckoned with, and gone between."""
