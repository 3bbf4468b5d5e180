"""A finished run, to be looked at from a notebook or a script.

run       ``open_run(path)``: tables of counts, documents by columns and conditions
tables    those tables, made of ``summary.json``
along     what the shards hold, piece by piece along the phase
plots     the same as pictures (matplotlib)
training  the log of a training run

Tables are Arrow: ``.to_pandas()``, ``polars.from_arrow(...)``, ``duckdb.arrow(...)``.
"""

from pipeline.looking.run import Run, open_run
from pipeline.looking.training import TrainingLog, open_training

__all__ = ["Run", "TrainingLog", "open_run", "open_training"]
