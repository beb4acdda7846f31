"""What a study measures: on which rulers, sides or sets of images."""
