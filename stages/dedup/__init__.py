"""Duplicates: the same text twice (``exact_dedup``), nearly the same (``minhash_dedup``)."""
