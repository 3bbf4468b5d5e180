"""How surprising a text is to a language model of small pieces: bits per character."""
