"""What people write and read: names, URLs, YAML, numbers in words, and no secret."""
