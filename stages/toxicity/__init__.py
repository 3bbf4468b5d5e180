"""Words of given lists in text, counted."""
