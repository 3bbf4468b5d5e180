"""What would go wrong after the first step, said before it, with what to change."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from trainer.config import TrainConfig
from trainer.errors import ConfigError, ShardsError
from trainer.planning.memory import GIB, predict_memory
from trainer.planning.plan import Data, check_length, remedies

if TYPE_CHECKING:
    import torch

    from formats.manifest import Manifest


def check_run(
    config: TrainConfig, manifest: Manifest, device: torch.device, world: int = 1
) -> None:
    """That a configuration and its shards fit each other and the device.

    Raises:
        ConfigError: rows are longer than positions go, or memory will not do.
        ShardsError: a special token is not of the vocabulary, or rows have another length than the
            manifest says.
    """
    check_length(config.model, manifest.sequence_length)
    check_special_ids(manifest, config.shards)
    check_rows(manifest, config.shards)
    check_memory(config, manifest, device, world)


def check_special_ids(manifest: Manifest, shards: str) -> None:
    """That special tokens have a row in the embedding.

    Raises:
        ShardsError: one has not.
    """
    for role, number in manifest.special_ids.items():
        if not 0 <= number < manifest.vocab_size:
            raise ShardsError(
                f"{shards}/manifest.json: special_ids.{role} is {number}, and the vocabulary has "
                f"{manifest.vocab_size} entries, 0 to {manifest.vocab_size - 1}; make the shards "
                "again"
            )


def check_rows(manifest: Manifest, shards: str) -> None:
    """That rows are as long as the manifest says: the first of each phase.

    Raises:
        ShardsError: they are not, or cannot be read.
    """
    from formats.shards import TokenShards
    from trainer.data import named_as_ours

    opened = TokenShards(shards)
    for phase in manifest.every_phase:
        if not phase.rows:
            continue
        with named_as_ours():
            found = opened.read(phase.name, 0, 1)["input_ids"].shape[1]
        if found != manifest.sequence_length:
            raise ShardsError(
                f"{shards}/manifest.json: sequence_length is {manifest.sequence_length}, and rows "
                f"in {phase.files[0].path} have {found} tokens; it was changed, or belongs to "
                "other shards. Make the shards again"
            )


def check_memory(
    config: TrainConfig, manifest: Manifest, device: torch.device, world: int = 1
) -> None:
    """That the predicted memory is there.

    On a GPU all of it; on a CPU weights, gradients and optimizer, which is the least it takes.

    Raises:
        ConfigError: it is not; with changes that would help.
    """
    room = memory_of(device)
    bf16 = config.precision != "fp32" and device.type == "cuda"
    compiled = device.type == "cuda" if config.speed.compile == "auto" else config.speed.compile
    vocab, length = manifest.vocab_size, manifest.sequence_length
    memory = predict_memory(config, vocab, length, world, bf16, compiled)
    on_gpu = device.type == "cuda"
    least = memory.weights + memory.gradients + memory.optimizer
    wanted = memory.peak if on_gpu else least
    if wanted <= room:
        return
    rows = tuple(phase.rows for phase in manifest.phases)
    changes = remedies(config, Data(vocab, length, rows), world, room) if on_gpu else []
    advice = "; or ".join(changes) or "a smaller model, or more memory"
    raise ConfigError(
        f"{wanted / GIB:.1f} GiB of memory are predicted for each process, and {device} has "
        f"{room / GIB:.1f} GiB. Try {advice}. All of it: python -m trainer plan CONFIG"
    )


def memory_of(device: torch.device) -> int:
    """Bytes of the GPU, or of the machine."""
    if device.type == "cuda":
        import torch

        return int(torch.cuda.get_device_properties(device).total_memory)
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
