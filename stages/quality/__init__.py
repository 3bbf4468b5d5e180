"""Is it good text: the rules of Gopher, C4 and FineWeb as signals with thresholds."""
