"""Reads token shards, trains a decoder on them, exports it. Never imports ray, stages or pipeline.

    shards -> data -> step (model, AdamW, schedule) -> output, checkpoint -> curve, export

``config``             what a training run may say; errors name the key and what is valid
``data``               rows of all phases as batches; where a run stands is one integer
``model``              a Llama-style decoder
``schedule``, ``step`` the learning rate of a step; one update from a global batch
``train``              the run: begins, goes on, writes checkpoints, stops on request
``output``, ``checkpoint``   the run's folder; what resuming needs
``curve``, ``export``  loss.png; the model as a Hugging Face folder

    >>> from trainer.config import load_config
    >>> from trainer.train import train
    >>> outcome = train(load_config("configs/train/sample.yaml"))  # doctest: +SKIP
"""
