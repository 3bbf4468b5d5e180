"""The contracts on disk: documents, token shards, run folders. Imports nothing else of ours."""

__version__ = "0.1.0"
