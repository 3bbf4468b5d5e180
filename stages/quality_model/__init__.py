"""Learned quality: a classifier's probability that a document is one of the good ones."""
