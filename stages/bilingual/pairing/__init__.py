"""Document pairs found by address or by content, where nobody names them."""
