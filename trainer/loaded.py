"""A trained model at hand: weights, tokenizer, and how its texts begin. Also models of others."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from formats.shards import PADDING, TokenShards
from formats.storage import filesystem
from formats.tokenizer_files import TOKENIZER_JSON
from trainer.checkpoints.checkpoint import STATE, latest_checkpoint, load_model, step_of
from trainer.config import ModelConfig
from trainer.errors import CheckpointError, OutputError
from trainer.hf.folder import (
    context_of,
    is_hf_folder,
    read_hf_config,
    read_hf_weights,
    shape_of,
    special_ids_of,
)
from trainer.machine.device import choose_device
from trainer.model import Decoder
from trainer.output import OutputFolder
from trainer.token_bytes import tokenizer_folder

if TYPE_CHECKING:
    from tokenizers import Tokenizer

BEGINNINGS = 64
"""So many rows of the shards are looked at for how documents begin."""
USUAL_LENGTH = 2048


@dataclass(frozen=True)
class LoadedModel:
    """A decoder that is asked and not trained."""

    name: str
    decoder: Decoder
    device: torch.device
    vocab_size: int
    length: int
    """The longest text it was trained on, in tokens."""
    special_ids: dict[str, int]
    beginning: tuple[int, ...]
    """Tokens before a text: a BOS where the model was trained with one, else nothing."""
    tokenizer: Tokenizer | None
    shards: str | None = None
    """Where it learnt from; None for a model of others."""

    def encode(self, text: str) -> list[int]:
        """Ids of a text as it stands: nothing before it, nothing after it.

        Raises:
            OutputError: there is no tokenizer.
        """
        if self.tokenizer is None:
            raise OutputError(
                f"{self.name}: no tokenizer ({TOKENIZER_JSON}) beside its shards or in its folder"
            )
        ids: list[int] = self.tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def decode(self, ids: list[int]) -> str:
        """Text of ids, special tokens left out."""
        assert self.tokenizer is not None
        text: str = self.tokenizer.decode(ids)
        return text

    @torch.no_grad()
    def hidden(self, ids_bt: Tensor) -> Tensor:
        """Hidden states [B, T, C] of rows that are one document each."""
        hidden_btc: Tensor = self.decoder.hidden(ids_bt.to(self.device))
        return hidden_btc

    @property
    def beginning_told(self) -> str:
        """How texts begin, for a person."""
        if self.beginning:
            return f"BOS: each text begins with token {self.beginning[0]}, as in training"
        return "no BOS: texts begin with their first token, as in training"


def open_model(path: str | Path, device: str = "auto") -> LoadedModel:
    """The model of a run's folder (its last checkpoint), a checkpoint, or a folder of transformers.

    Raises:
        OutputError: the folder holds no model.
        CheckpointError: it cannot be read.
        ConfigError: the device is not there.
    """
    path = Path(path)
    if is_hf_folder(path):
        return _of_hf(path, choose_device(device))
    if (path / STATE).exists():
        return _of_run(OutputFolder(path.parent.parent), path, choose_device(device))
    folder = OutputFolder(path)
    checkpoint = latest_checkpoint(folder.checkpoints_path)
    if checkpoint is None:
        raise OutputError(
            f"{path}: no model in it; valid: the folder of a run (`out` of its configuration), a "
            "checkpoint (OUT/checkpoints/step-000100), or a folder of transformers (config.json)"
        )
    return _of_run(folder, checkpoint, choose_device(device))


def _of_run(folder: OutputFolder, checkpoint: Path, device: torch.device) -> LoadedModel:
    run = folder.read_run()
    if run is None:
        raise OutputError(f"{folder.run_path}: is missing; {checkpoint} belongs to no run")
    config = ModelConfig.model_validate(run["config"]["model"])
    weights = dict(load_model(checkpoint))
    if config.tie_embeddings:
        weights["head.weight"] = weights["embedding.weight"]
    shards = run["config"]["shards"]
    return LoadedModel(
        name=f"{folder.path}, step {step_of(checkpoint)}",
        decoder=_decoder(config, run["vocab_size"], weights, device),
        device=device,
        vocab_size=run["vocab_size"],
        length=run["sequence_length"],
        special_ids=run["special_ids"],
        beginning=_beginning_in(shards, run["special_ids"].get("bos")),
        tokenizer=tokenizer_in(tokenizer_folder(shards), run["tokenizer_sha256"]),
        shards=shards,
    )


def _of_hf(path: Path, device: torch.device) -> LoadedModel:
    config = shape_of(path)
    weights = read_hf_weights(path, config)
    tokenizer = tokenizer_in(str(path))
    special = special_ids_of(path)
    return LoadedModel(
        name=str(path),
        decoder=_decoder(config, len(weights["embedding.weight"]), weights, device),
        device=device,
        vocab_size=int(read_hf_config(path)["vocab_size"]),
        length=context_of(path) or USUAL_LENGTH,
        special_ids=special,
        beginning=_beginning_by(tokenizer, special.get("bos")),
        tokenizer=tokenizer,
    )


def _decoder(
    config: ModelConfig, vocab_size: int, weights: dict[str, Tensor], device: torch.device
) -> Decoder:
    with torch.device("meta"):
        decoder = Decoder(config, vocab_size)
    try:
        decoder.load_state_dict(weights, assign=True)
    except RuntimeError as error:
        raise CheckpointError(f"weights do not fit the shape of the model: {error}") from error
    if config.tie_embeddings:
        decoder.head.weight = decoder.embedding.weight
    return decoder.to(device).eval()


def tokenizer_in(folder: str, sha256: str | None = None) -> Tokenizer | None:
    """The tokenizer of a folder, None where there is none.

    Raises:
        OutputError: its hash is not ``sha256``.
    """
    import hashlib

    from tokenizers import Tokenizer

    files, inner = filesystem(folder)
    path = f"{inner}/{TOKENIZER_JSON}"
    if not files.isfile(path):
        return None
    contents: bytes = files.cat_file(path)
    found = hashlib.sha256(contents).hexdigest()
    if sha256 is not None and found != sha256:
        raise OutputError(
            f"{folder}/{TOKENIZER_JSON} has sha256 {found[:16]}…, and the model was trained with "
            f"{sha256[:16]}…: put that tokenizer back"
        )
    tokenizer = Tokenizer.from_str(contents.decode())
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _beginning_in(shards: str, bos: int | None) -> tuple[int, ...]:
    """A BOS, where the documents of the shards begin with it."""
    if bos is None:
        return ()
    try:
        opened = TokenShards(shards)
        phase = opened.manifest.phases[0]
        rows = opened.read(phase.name, 0, min(phase.rows, BEGINNINGS))
    except (OSError, ValueError):
        return ()
    return (bos,) if _all_begin_with(rows, bos) else ()


def _all_begin_with(rows: dict[str, Any], token: int) -> bool:
    """Whether every document that begins in the rows begins with the token."""
    first_tokens = []
    offsets = rows["row_offsets"]
    for row in range(len(rows["input_ids"])):
        pieces = slice(offsets[row], offsets[row + 1])
        starts = rows["document_starts"][pieces]
        is_beginning = (rows["document_offsets"][pieces] == 0) & (
            rows["document_ids"][pieces] != PADDING
        )
        first_tokens.append(rows["input_ids"][row][starts[is_beginning]])
    found = np.concatenate(first_tokens)
    return bool(len(found)) and bool((found == token).all())


def _beginning_by(tokenizer: Tokenizer | None, bos: int | None) -> tuple[int, ...]:
    """A BOS, where a tokenizer puts it before a text by itself."""
    if tokenizer is None or bos is None:
        return ()
    ids = tokenizer.encode("a", add_special_tokens=True).ids
    return (bos,) if ids[:1] == [bos] else ()
