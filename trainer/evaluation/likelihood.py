"""Nats of tokens given those before them, for many short texts at once.

Texts of like length share a batch and are filled up at the end, which causal attention does not
see. A text longer than the model was trained on is cut where it is read: a continuation loses the
beginning of its context, a document is scored in windows that begin half a length apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from trainer.learning.loss import NO_TARGET, linear_cross_entropy
from trainer.loaded import LoadedModel

TOKENS_OF_A_BATCH = 16_384
"""Tokens that are computed at once, filling included: 64 MB of hidden states at 1,024."""


class Scored(NamedTuple):
    """What a continuation costs."""

    nats: float
    """Sum over its tokens."""
    is_greedy: bool
    """Whether each of its tokens was the likeliest."""


class _Window(NamedTuple):
    """Ids that are read, of which the last ``wanted`` are scored."""

    ids: list[int]
    wanted: int
    owner: int
    """Number of the text it is of."""


def score_continuations(
    model: LoadedModel, pairs: Sequence[tuple[str, str]], greedy: bool = False
) -> list[Scored]:
    """What each continuation costs after its context.

    A tokenizer may cut across the border: the continuation has those tokens that the joint text has
    beyond the context's own, and blanks at the end of a context belong to the continuation (the way
    of lm-eval).

    Args:
        model: which one.
        pairs: context and continuation.
        greedy: also find out whether each token was the likeliest.
    """
    windows = []
    for number, (context, continuation) in enumerate(pairs):
        ids, wanted = _joined(model, context, continuation)
        ids = ids[-(model.length + 1) :]
        windows.append(_Window(ids, min(wanted, len(ids) - 1), number))
    return _sums(model, windows, len(pairs), greedy)


def score_texts(model: LoadedModel, texts: Sequence[str]) -> tuple[list[float], list[int]]:
    """Nats and tokens of each text.

    Nothing comes before a first token where the model knows no BOS: it is charged as if all
    entries of the vocabulary were equally likely, so that the sum is the length of a code.
    """
    windows, tokens = [], []
    unpredicted = torch.tensor(float(model.vocab_size)).log().item()
    free = [0.0] * len(texts)
    for number, text in enumerate(texts):
        own = model.encode(text)
        tokens.append(len(own))
        if own and not model.beginning:
            free[number] = unpredicted
        windows += list(_windows([*model.beginning, *own], model.length, number))
    scored = _sums(model, windows, len(texts), greedy=False)
    return [free[number] + found.nats for number, found in enumerate(scored)], tokens


def _joined(model: LoadedModel, context: str, continuation: str) -> tuple[list[int], int]:
    """Ids of both, and how many of the last are the continuation's."""
    stripped = context.rstrip()
    continuation = context[len(stripped) :] + continuation
    before = [*model.beginning, *model.encode(stripped)] if stripped else [*model.beginning]
    whole = [*model.beginning, *model.encode(stripped + continuation)]
    # Without a context or a BOS the first token follows nothing, and cannot be scored.
    return whole, len(whole) - max(len(before), 1)


def _windows(ids: list[int], length: int, owner: int) -> Iterator[_Window]:
    """All tokens but the first, each scored once, with half a length or more before it."""
    done = 1
    while done < len(ids):
        end = min(len(ids), length + 1 if done == 1 else done + max(1, length // 2))
        yield _Window(ids[max(0, end - length - 1) : end], end - done, owner)
        done = end


def _sums(model: LoadedModel, windows: list[_Window], owners: int, greedy: bool) -> list[Scored]:
    """Windows added up by the text they are of."""
    nats, is_greedy = [0.0] * owners, [True] * owners
    order = sorted(range(len(windows)), key=lambda number: -len(windows[number].ids))
    for batch in _batches([windows[number] for number in order if windows[number].wanted > 0]):
        for window, (cost, likeliest) in zip(batch, _score(model, batch, greedy), strict=True):
            nats[window.owner] += cost
            is_greedy[window.owner] &= likeliest
    return [Scored(*pair) for pair in zip(nats, is_greedy, strict=True)]


def _batches(windows: list[_Window]) -> Iterator[list[_Window]]:
    """Windows in the order given, as many at a time as there is room for."""
    batch: list[_Window] = []
    for window in windows:
        if batch and (len(batch) + 1) * len(batch[0].ids) > TOKENS_OF_A_BATCH:
            yield batch
            batch = []
        batch.append(window)
    if batch:
        yield batch


@torch.no_grad()
def _score(model: LoadedModel, batch: list[_Window], greedy: bool) -> list[tuple[float, bool]]:
    longest = len(batch[0].ids) - 1
    inputs_bt = torch.zeros(len(batch), longest, dtype=torch.long)
    targets_bt = torch.full_like(inputs_bt, NO_TARGET)
    for row, (ids, wanted, _) in enumerate(batch):
        inputs_bt[row, : len(ids) - 1] = torch.tensor(ids[:-1])
        targets_bt[row, len(ids) - 1 - wanted : len(ids) - 1] = torch.tensor(ids[-wanted:])
    hidden_nc = model.hidden(inputs_bt).flatten(0, 1)
    targets_n = targets_bt.flatten().to(model.device)
    kept = targets_n != NO_TARGET
    head_vc = model.decoder.head.weight
    nats_n = torch.zeros(len(targets_n), dtype=torch.float64, device=model.device)
    found = linear_cross_entropy(hidden_nc[kept].to(head_vc.dtype), head_vc, targets_n[kept])
    nats_n[kept] = found.nats_n.double()
    costs = nats_n.view_as(targets_bt).sum(dim=1).tolist()
    if not greedy:
        return [(cost, False) for cost in costs]
    return list(zip(costs, _likeliest(hidden_nc, head_vc, targets_bt), strict=True))


def _likeliest(hidden_nc: Tensor, head_vc: Tensor, targets_bt: Tensor) -> list[bool]:
    """Whether all targets of a row are the likeliest tokens."""
    rows, length = targets_bt.shape
    found = []
    for row in range(rows):
        kept = targets_bt[row] != NO_TARGET
        hidden = hidden_nc[row * length : (row + 1) * length][kept.to(hidden_nc.device)]
        chosen = (hidden.to(head_vc.dtype) @ head_vc.T).argmax(dim=-1).cpu()
        found.append(bool((chosen == targets_bt[row][kept]).all()))
    return found
