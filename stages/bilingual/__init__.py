"""Translations: documents paired and written as parallel text."""
