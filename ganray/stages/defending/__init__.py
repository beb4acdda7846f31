"""Classifiers under attack, bare and behind what GANs make of the images."""
