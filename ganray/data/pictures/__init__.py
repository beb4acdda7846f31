"""Pictures as files: looked at, decoded one way, fitted to one shape; and images written so."""
