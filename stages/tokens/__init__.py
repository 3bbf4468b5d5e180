"""Tokens: documents encoded and laid out per component of the mixture."""
