"""How probably two sentences are translations, and which pairs are dropped by what rule."""
