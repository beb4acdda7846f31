"""Images that were made, found or given."""
