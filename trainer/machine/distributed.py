"""Several processes as one run: who they are, what they tell each other, how weights are shared.

``torchrun`` starts them and says who is who in the environment. Every process holds a part of each
weight (FSDP2, ``fully_shard``): a block's weights are gathered when it computes and its gradients
are added up, not averaged, into the parts. The optimizer sees the parts alone, as plain tensors.
Decisions that must not differ are made by one process and told to the others.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from trainer.errors import ConfigError

if TYPE_CHECKING:
    from trainer.model import Decoder

Told = TypeVar("Told")
PATIENCE = timedelta(minutes=30)
"""How long a process waits for the others: compiling and reading a checkpoint take long."""


@dataclass(frozen=True)
class Ranks:
    """This process among those of a run."""

    rank: int = 0
    world: int = 1
    local_rank: int = 0
    """Among those of the machine: the number of its GPU."""

    @property
    def is_first(self) -> bool:
        """Whether this process writes what is written once."""
        return self.rank == 0

    def add_up(self, tensor: Tensor) -> Tensor:
        """The sum over all processes, in place; on the device, without waiting."""
        if self.world > 1:
            dist.all_reduce(tensor)
        return tensor

    def any(self, flag: bool) -> bool:
        """Whether it holds for one of the processes; goes past the device."""
        if self.world == 1:
            return flag
        found = torch.tensor([int(flag)])
        dist.all_reduce(found, dist.ReduceOp.MAX)
        return bool(found)

    def from_first(self, make: Callable[[], Told]) -> Told:
        """What the first process makes, for all; its error is everyone's.

        Raises:
            Exception: what ``make`` raised.
        """
        if self.world == 1:
            return make()
        made: list[Any] = [None, None]
        if self.is_first:
            try:
                made[0] = make()
            except Exception as error:
                made[1] = error
        dist.broadcast_object_list(made, device=torch.device("cpu"))
        if made[1] is not None:
            raise made[1]
        found: Told = made[0]
        return found


@contextmanager
def joined_ranks(device: str) -> Iterator[Ranks]:
    """Inside the block, this process is one of those that ``torchrun`` started, or the only one.

    Args:
        device: ``cpu`` or ``cuda``.
    """
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        yield Ranks()
        return
    # Small decisions travel by gloo, so that no one waits for a GPU to hear of them.
    dist.init_process_group("cpu:gloo,cuda:nccl" if device == "cuda" else "gloo", timeout=PATIENCE)
    try:
        yield Ranks(dist.get_rank(), world, int(os.environ.get("LOCAL_RANK", "0")))
    finally:
        dist.destroy_process_group()


def check_batches(rows: list[int], world: int) -> None:
    """That steps of so many rows can be shared.

    Raises:
        ConfigError: they cannot.
    """
    for count in rows:
        if count % world:
            near = [str(count - count % world), str(count - count % world + world)]
            wanted = " or ".join(number for number in near if number != "0")
            raise ConfigError(
                f"steps of {count} rows cannot be shared by {world} processes; {wanted} could"
            )


def share(model: Decoder, ranks: Ranks, device: torch.device, bf16: bool) -> None:
    """Let each process hold a part of every weight: of each block, and of what is around them."""
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard

    mesh = init_device_mesh(device.type, (ranks.world,))
    # Inputs stay as they are: the stream between blocks may be meant to be fp32.
    policy = MixedPrecisionPolicy(
        param_dtype=torch.bfloat16 if bf16 else None,
        reduce_dtype=torch.float32,
        cast_forward_inputs=False,
    )
    for block in model.blocks:
        fully_shard(block, mesh=mesh, mp_policy=policy)
    fully_shard(model, mesh=mesh, mp_policy=policy)
    for module in (model, *model.blocks):
        module.set_gradient_divide_factor(1.0)
        module.set_force_sum_reduction_for_comms(True)


def own_part(parameter: Tensor) -> Tensor:
    """What this process holds of a parameter or gradient: itself where it is not shared."""
    if hasattr(parameter, "to_local"):
        part: Tensor = parameter.to_local()
        return part
    return parameter


def first_row(parameter: Tensor, ranks: Ranks) -> int:
    """Where this process's part of a parameter begins, in rows of its first axis.

    ``fully_shard`` cuts as ``torch.chunk`` does: as many rows for each, the last ones fewer.
    """
    if not hasattr(parameter, "to_local"):
        return 0
    rows = len(parameter)
    return min(rows, ranks.rank * -(-rows // ranks.world))


def reduce_gradients(model: nn.Module, wanted: bool) -> None:
    """Add gradients up over processes in the backward passes from now on, or not yet."""
    if hasattr(model, "set_requires_gradient_sync"):
        model.set_requires_gradient_sync(wanted)  # type: ignore[operator]
