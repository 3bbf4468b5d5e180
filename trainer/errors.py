"""What can go wrong, as a family.

ValueError
└── UsageError            the person who started the run can mend it; exit code 2
├── ConfigError       the configuration, or a key=value over it
├── ShardsError       the token shards
├── OutputError       the folder of the run, or of an export
└── CheckpointError   a checkpoint
RuntimeError
└── TrainingError         training itself cannot go on; exit code 1
"""


class UsageError(ValueError):
    """Something given to the trainer is wrong; the message names it and says what to do."""


class ConfigError(UsageError):
    """The configuration cannot be used; a line per mistake, with its place and what is valid."""


class ShardsError(UsageError):
    """The token shards are not there, or cannot be read."""


class OutputError(UsageError):
    """The folder cannot be used for, or read as, this run."""


class CheckpointError(UsageError):
    """A checkpoint cannot be read."""


class TrainingError(RuntimeError):
    """Training cannot go on."""
