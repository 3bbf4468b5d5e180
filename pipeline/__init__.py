"""Reads a recipe, plans it, runs its stages, resumes, and reports.

    recipe.yaml -> recipe_file -> Plan -> Runner -> run folder -> report, show, trace

``recipe``, ``recipe_file``   what a recipe may say; reading one, with errors that name the line
``partitions``, ``plan``      the input cut into partitions; steps, and what each depends on
``executors``, ``ledger``     where tasks run; records of what is finished
``map_pass``                  read -> normalise -> language -> quality -> keys, in one go
``documents_pass``            kept and removed documents, counted
``tokens_pass``, ``scale``    tokenizer and tokens; budgets fitted to the supply
``summary``, ``report``, ``show``, ``trace``   what a person sees

    >>> from pipeline.recipe_file import load_recipe
    >>> from pipeline.run import run
    >>> outcome = run(load_recipe("configs/mix_2T.yaml"), engine="inline")  # doctest: +SKIP
"""
