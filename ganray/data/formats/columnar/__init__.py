"""What Parquet in the wild looks like: shards, columns, cells, pixels, labels."""
