"""Reads token shards, trains a decoder on them, exports it. Never imports ray, stages or pipeline.

    shards -> data -> step (model, AdamW, schedule) -> output, checkpoint -> curve, export

``config``, ``config_file``  what a training run may say; reading it, with errors that name the line
``data``               rows of all phases as batches; where a run stands is one integer
``model``              a Llama-style decoder
``schedule``, ``step`` the learning rate of a step; one update from a global batch
``train``              the run: begins, goes on, writes checkpoints, stops on request
``output``, ``checkpoint``   the run's folder; what resuming needs
``threads``, ``device``      what computes, and how that bears on the bits of a result
``curve``, ``export``  loss.png; the model as a Hugging Face folder

A row holds several documents. Attention stays within each (``document_mask``), and no loss is taken
where the next token is padding or belongs to another piece, so a packed document is learnt from as
if it stood alone. Positions count through the row, which rotary attention does not notice: it
depends on distances only. A document cut in two rows goes on without sight of its first part.

    >>> from trainer.config_file import load_config
    >>> from trainer.train import train
    >>> outcome = train(load_config("configs/train/sample.yaml"))  # doctest: +SKIP
"""
