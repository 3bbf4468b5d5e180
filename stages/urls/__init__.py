"""Documents judged by where they come from."""
