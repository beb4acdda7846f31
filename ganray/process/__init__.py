"""What this process may use of its machine, what it waits for, and what it does beside its work."""
