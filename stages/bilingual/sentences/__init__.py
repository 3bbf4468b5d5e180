"""Sentences of documents in any script, as byte ranges of the text."""
