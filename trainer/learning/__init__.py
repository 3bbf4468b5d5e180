"""One step: loss, gradient, update, and what is counted on the way."""
