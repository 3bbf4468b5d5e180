"""Passages that stand in many documents: found, and cut out."""
