"""How it was made, and what that cost."""
