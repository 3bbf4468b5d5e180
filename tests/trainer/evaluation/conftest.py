"""A model that has seen numbers counted upwards, with a tokenizer of words."""

import pytest

from trainer.config_file import load_config
from trainer.loaded import open_model
from trainer.train import train

from ..small_tokenizer import put_tokenizer


@pytest.fixture
def trained(config_path, shards):
    """The folder of the run."""
    put_tokenizer(shards)
    config = load_config(config_path, ["optimizer.learning_rate=3e-2"])
    train(config)
    return config.out


@pytest.fixture
def model(trained):
    """The model, at hand."""
    return open_model(trained, "cpu")
