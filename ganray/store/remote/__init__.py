"""S3: every request with its deadline, and repeated with patience."""
