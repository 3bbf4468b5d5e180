"""Reads a recipe, plans it, runs its stages, resumes, and reports.

    recipe.yaml -> recipe_file -> Plan -> Runner -> run folder -> report, show, trace

``recipe``, ``recipe_file``   what a recipe may say; reading one, with errors that name the line
``partitions``, ``plan``      the input cut into partitions; steps, and what each depends on
``executors``, ``ledger``     where tasks run; records of what is finished
``map_pass``                  read -> normalise -> language -> quality -> keys, in one go
``documents_pass``            kept and removed documents, counted
``tokens_pass``, ``scale``    tokenizer and tokens; budgets fitted to the supply
``summary``, ``report``, ``show``, ``trace``   what a person sees
``looking``                   a finished run as tables and pictures, for notebooks and scripts

    >>> from pipeline.recipe_file import load_recipe
    >>> from pipeline.run import run
    >>> outcome = run(load_recipe("configs/mix_2T.yaml"), engine="inline")  # doctest: +SKIP
    >>> from pipeline import open_run
    >>> open_run("runs/mix_2T").languages().to_pandas()                     # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.looking import Run, open_run, open_training

__all__ = ["Run", "open_run", "open_training"]


def __getattr__(name: str) -> Any:
    """What is looked at, when it is asked for: ``import pipeline`` alone stays quick."""
    if name in __all__:
        import pipeline.looking

        return getattr(pipeline.looking, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
