"""Text that models go on with: token by token, the same for the same seed.

Keys and values of the tokens before are kept (``trainer.model.cache``), so that a token costs one
position. Where a text grows longer than those the model was trained on, it is read again from half
such a length before its end; what is read depends on the length of the text alone, so that it is
the same with the cache and without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from trainer.draw import Draws, draw
from trainer.errors import ConfigError
from trainer.loaded import LoadedModel
from trainer.model.cache import CachedDecoder

SLOTS_OF_A_BATCH = 32_768
"""Tokens whose keys and values are kept at once: 2 GB of a model of 16 layers and 8 heads of 64."""
Ends = Callable[[int, list[int]], bool]


@dataclass(frozen=True)
class Generated:
    """A prompt and what follows it."""

    prompt: str
    text: str
    """Both."""
    tokens: int
    """How many were added."""


def generate(
    model: LoadedModel,
    prompts: Sequence[str],
    tokens: int = 100,
    draws: Draws | None = None,
    samples: int = 1,
    cache: bool = True,
) -> Iterator[Generated]:
    """Each prompt with what follows it, until the end of a document or ``tokens`` more.

    What follows a prompt does not depend on the others.

    Args:
        model: which one.
        prompts: how the texts begin.
        tokens: the most that are added to each.
        draws: how tokens are chosen.
        samples: texts of each prompt, the second with the next seed.
        cache: keep keys and values; without it each token is computed from the whole text.

    Raises:
        ConfigError: a setting is out of its range, or there is nothing to go on from.
        OutputError: the model has no tokenizer.
    """
    draws = draws or Draws()
    draws.check()
    for name, value, least in (("--tokens", tokens, 0), ("--samples", samples, 1)):
        if value < least:
            raise ConfigError(f"{name}: {value} was given; {least} or more is wanted")
    asked = [(prompt, sample) for prompt in prompts for sample in range(samples)]
    starts = [[*model.beginning, *model.encode(prompt)] for prompt, _ in asked]
    for (prompt, _), ids in zip(asked, starts, strict=True):
        if not ids:
            raise ConfigError(
                f"--prompt: {prompt!r} has no tokens, and the model was trained without a token "
                "that begins a text; give a word or a letter"
            )
    seeds = [draws.seed + sample for _, sample in asked]
    added = continuations(model, starts, tokens, draws, seeds, cache=cache)
    for (prompt, _), start, more in zip(asked, starts, added, strict=True):
        yield Generated(prompt, model.decode([*start, *more][len(model.beginning) :]), len(more))


def continuations(
    model: LoadedModel,
    starts: Sequence[list[int]],
    tokens: int,
    draws: Draws,
    seeds: Sequence[int] | None = None,
    ends: Ends | None = None,
    cache: bool = True,
) -> Iterator[list[int]]:
    """The ids that follow each text, the end of the document not among them.

    Args:
        model: which one.
        starts: ids of each text; one or more.
        tokens: the most that are added to each.
        draws: how tokens are chosen.
        seeds: of each text; None: all have that of ``draws``.
        ends: told the number of a text and the ids that were added to it, whether they are enough.
        cache: keep keys and values.
    """
    seeds = seeds or [draws.seed] * len(starts)
    for batch in _batches([min(len(ids) + tokens, model.length) for ids in starts]):
        yield from _continued(model, starts, batch, tokens, draws, seeds, ends, cache)


def first_read(count: int, length: int) -> int:
    """The first token that is read of a text of ``count``, where ``length`` are read at most.

    Moves by half a length, so that a long text is read anew once in so many tokens.

    >>> [first_read(count, 8) for count in (8, 9, 12, 13)]
    [0, 4, 4, 8]
    """
    half = max(length // 2, 1)
    return max(0, -(-(count - length) // half)) * half


def _batches(sizes: Sequence[int]) -> Iterator[list[int]]:
    """Numbers of texts, as many at a time as there is room for; all are as wide as the widest."""
    batch: list[int] = []
    widest = 0
    for number, size in enumerate(sizes):
        widest = max(widest, size)
        if batch and (len(batch) + 1) * widest > SLOTS_OF_A_BATCH:
            yield batch
            batch, widest = [], size
        batch.append(number)
    if batch:
        yield batch


def _continued(
    model: LoadedModel,
    starts: Sequence[list[int]],
    batch: list[int],
    tokens: int,
    draws: Draws,
    seeds: Sequence[int],
    ends: Ends | None,
    cache: bool,
) -> list[list[int]]:
    """What follows the texts of a batch."""
    added: dict[int, list[int]] = {number: [] for number in batch}
    generators = {number: torch.Generator().manual_seed(seeds[number]) for number in batch}
    reader = _Cached(model, tokens) if cache else _Anew(model)
    going = list(batch)
    for _ in range(tokens):
        texts = [starts[number] + added[number] for number in going]
        kept = []
        for row, (number, logits_v) in enumerate(zip(going, reader.logits(texts), strict=True)):
            chosen = draw(logits_v, draws, generators[number])
            if chosen == model.special_ids.get("eos"):
                continue
            added[number].append(chosen)
            if ends is None or not ends(number, added[number]):
                kept.append(row)
        if len(kept) < len(going):
            reader.keep(kept)
            going = [going[row] for row in kept]
        if not going:
            break
    return [added[number] for number in batch]


class _Anew:
    """Computes every token from the whole of its text."""

    def __init__(self, model: LoadedModel) -> None:
        self.model = model

    def logits(self, texts: Sequence[list[int]]) -> list[Tensor]:
        """Logits [V] of the token after each text, on the CPU in float32."""
        return [next_logits(self.model, ids) for ids in texts]

    def keep(self, rows: list[int]) -> None:
        """Nothing is held."""


class _Cached:
    """Holds the keys and values of its texts, which grow by a token at a time."""

    def __init__(self, model: LoadedModel, tokens: int) -> None:
        self.model, self.tokens = model, tokens
        self._cached: CachedDecoder | None = None
        self._firsts: list[int] = []

    def logits(self, texts: Sequence[list[int]]) -> list[Tensor]:
        """Logits [V] of the token after each text, on the CPU in float32.

        Args:
            texts: at first any; then those before, each with a token more.
        """
        firsts = [first_read(len(ids), self.model.length) for ids in texts]
        cached = self._cached
        if cached is None or firsts != self._firsts or cached.filled == cached.slots:
            self._firsts = firsts
            hidden_btc = self._read([ids[f:] for ids, f in zip(texts, firsts, strict=True)])
        else:
            last_bt = torch.tensor([ids[-1:] for ids in texts])
            hidden_btc = cached.hidden(last_bt.to(self.model.device))
        return list(_logits(self.model, hidden_btc[:, -1]))

    def keep(self, rows: list[int]) -> None:
        """Only these go on."""
        if self._cached is not None and rows:
            self._cached.keep(torch.tensor(rows, device=self.model.device))
            self._firsts = [self._firsts[row] for row in rows]

    def _read(self, texts: Sequence[list[int]]) -> Tensor:
        longest = max(map(len, texts))
        ids_bt = torch.zeros(len(texts), longest, dtype=torch.long)
        for row, ids in enumerate(texts):
            ids_bt[row, longest - len(ids) :] = torch.tensor(ids)
        firsts_b = torch.tensor([longest - len(ids) for ids in texts])
        slots = min(longest + self.tokens, max(self.model.length, longest))
        self._cached = CachedDecoder(self.model.decoder, slots)
        return self._cached.hidden(ids_bt.to(self.model.device), firsts_b)


@torch.no_grad()
def next_logits(model: LoadedModel, ids: list[int]) -> Tensor:
    """Logits [V] of the token after a text, on the CPU in float32, computed from all of it."""
    read = ids[first_read(len(ids), model.length) :]
    return _logits(model, model.hidden(torch.tensor([read]))[:, -1])[0]


@torch.no_grad()
def _logits(model: LoadedModel, hidden_bc: Tensor) -> Tensor:
    return (hidden_bc.float() @ model.decoder.head.weight.float().T).cpu()
