"""Parallel documents: the forms that pairs of documents are written in."""
