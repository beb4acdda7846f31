"""What drivers show, on a terminal and in files."""
