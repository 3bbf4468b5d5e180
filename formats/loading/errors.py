"""What can be wrong with shards that a run reads."""


class ShardError(ValueError):
    """A shard file cannot be read, or is not what the manifest says; the message names it."""
