"""Files of one format taken apart, before what lies in them is taken for images."""
