"""Which sentences of two documents are translations of each other."""
