"""How long what is left takes."""
