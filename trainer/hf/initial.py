"""Continued pretraining: the first weights are those of a folder of ``transformers``.

``init: hf:FOLDER`` in a configuration. The shape comes from the folder; what ``model:`` says must
agree with it, except what may change on purpose, such as rotary positions for longer texts.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from formats.tokenizer_files import TOKENIZER_JSON
from trainer.config import ModelConfig, TrainConfig
from trainer.errors import ConfigError
from trainer.hf.folder import context_of, read_hf_weights, shape_of
from trainer.token_bytes import tokenizer_folder

if TYPE_CHECKING:
    from formats.manifest import Manifest
    from trainer.learning.step import Learner

PREFIX = "hf:"
FREE = {"rope_theta", "rope_scaling", "fp32_residual", "mup_base_size", "init_std"}
"""Keys of ``model`` that need not be those of the folder."""


def initial_folder(config: TrainConfig) -> Path | None:
    """Where the first weights come from; None: they are random."""
    return Path(config.init.removeprefix(PREFIX)) if config.init.startswith(PREFIX) else None


def with_initial_shape(config: TrainConfig) -> TrainConfig:
    """The configuration with the shape of the model that it goes on from.

    Raises:
        ConfigError: it says another shape.
        CheckpointError: the folder cannot be read, or its model is none of ours.
    """
    folder = initial_folder(config)
    if folder is None:
        return config
    theirs = shape_of(folder).model_dump()
    said = {key: getattr(config.model, key) for key in config.model.model_fields_set}
    mistakes = [
        f"model.{key} is {value}, and the model in {folder} has {theirs[key]}; leave it out"
        for key, value in sorted(said.items())
        if key not in FREE and value != theirs[key]
    ]
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    changed = config.model.model_dump(include=FREE & said.keys())
    model = ModelConfig.model_validate(theirs | changed)
    return config.model_copy(update={"model": model})


def check_initial(config: TrainConfig, manifest: Manifest) -> list[str]:
    """That the model in the folder can read the shards.

    Returns:
        What a person should know, a sentence each.

    Raises:
        ConfigError: its tokenizer is another, its vocabulary smaller, or its texts shorter.
    """
    folder = initial_folder(config)
    if folder is None:
        return []
    notes = _check_tokenizer(folder, config.shards, manifest.tokenizer_sha256)
    entries = _vocabulary_of(folder)
    if entries < manifest.vocab_size:
        raise ConfigError(
            f"init: the model in {folder} has {entries} vocabulary entries, and the shards "
            f"{manifest.vocab_size}. Make shards with its tokenizer: tokenizer: {{path: {folder}}} "
            "in the recipe"
        )
    if entries > manifest.vocab_size:
        notes.append(
            f"the last {entries - manifest.vocab_size} of the {entries} vocabulary entries in "
            f"{folder} are left out: the shards' tokenizer has {manifest.vocab_size}"
        )
    longest, length = context_of(folder), manifest.sequence_length
    if longest is not None and length > longest and config.model.rope_scaling is None:
        raise ConfigError(
            f"init: the model in {folder} was made for {longest} tokens, and rows of the shards "
            f"have {length}. Set model.rope_scaling={{kind: llama3, factor: "
            f"{-(-length // longest)}, original_length: {longest}}}, or make shards with "
            f"mixture.sequence_length: {longest}"
        )
    return notes


def load_initial(learner: Learner, config: TrainConfig) -> None:
    """Put the folder's weights where the random ones are; each process takes its part.

    Raises:
        CheckpointError: a weight is missing, or of another shape.
    """
    import torch

    from trainer.machine.distributed import first_row, own_part

    folder = initial_folder(config)
    assert folder is not None
    weights = read_hf_weights(folder, config.model)
    with torch.no_grad():
        for name, parameter in learner.model.named_parameters():
            part, first = own_part(parameter), first_row(parameter, learner.ranks)
            part.copy_(weights[name][first : first + len(part)])


def _check_tokenizer(folder: Path, shards: str, sha256: str) -> list[str]:
    """That ids mean the same: by hash, or entry by entry where the files differ."""
    import hashlib

    theirs = folder / TOKENIZER_JSON
    if not theirs.is_file():
        return [f"{folder} has no {TOKENIZER_JSON}: whether the shards' is the same is unknown"]
    contents = theirs.read_bytes()
    if hashlib.sha256(contents).hexdigest() == sha256:
        return []
    ours = _entries_beside(shards)
    different = _different(_entries(contents), ours) if ours is not None else None
    if different == 0:
        return []
    told = "" if different is None else f" ({different} tokens have another id or none)"
    raise ConfigError(
        f"init: {theirs} is not the tokenizer of the shards{told}. Make shards with it: tokenizer: "
        f"{{path: {folder}}} in the recipe"
    )


def _entries_beside(shards: str) -> dict[str, int] | None:
    from formats.storage import filesystem

    files, inner = filesystem(tokenizer_folder(shards))
    path = f"{inner}/{TOKENIZER_JSON}"
    return _entries(files.cat_file(path)) if files.isfile(path) else None


def _entries(contents: bytes) -> dict[str, int]:
    from tokenizers import Tokenizer

    entries: dict[str, int] = Tokenizer.from_str(contents.decode()).get_vocab()
    return entries


def _different(theirs: dict[str, int], ours: dict[str, int]) -> int:
    """How many of our tokens they know by another id, or not at all."""
    return sum(theirs.get(token) != number for token, number in ours.items())


def _vocabulary_of(folder: Path) -> int:
    """Rows of the embedding."""
    found = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return int(found["vocab_size"])
