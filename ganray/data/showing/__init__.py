"""What a source holds, for a person to look at before anything is computed."""
