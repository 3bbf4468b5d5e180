"""Text that a model goes on with: token by token, the same for the same seed.

Every token is computed from the whole text before it; nothing is kept between tokens. That is slow
for long texts and needs no second way through the model that could differ from training's.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from trainer.errors import ConfigError
from trainer.loaded import LoadedModel


def generate(
    model: LoadedModel,
    prompt: str,
    tokens: int = 100,
    temperature: float = 0.8,
    top_p: float = 0.95,
    seed: int = 17,
) -> str:
    """The prompt and what follows it, until the end of a document or ``tokens`` more.

    Args:
        model: which one.
        prompt: how the text begins.
        tokens: the most that are added.
        temperature: 0 takes the likeliest token each time; 1 draws as the model says.
        top_p: drawn from the likeliest tokens that have this share together (Holtzman et al. 2020).
        seed: of the draws.

    Raises:
        ConfigError: a setting is out of its range, or there is nothing to go on from.
        OutputError: the model has no tokenizer.
    """
    _check("--tokens", tokens, tokens >= 0, "0 or more")
    _check("--temperature", temperature, temperature >= 0, "0 or more")
    _check("--top-p", top_p, 0 < top_p <= 1, "more than 0 and at most 1")
    ids = [*model.beginning, *model.encode(prompt)]
    if not ids:
        raise ConfigError(
            f"--prompt: {prompt!r} has no tokens, and the model was trained without a token that "
            "begins a text; give a word or a letter"
        )
    ids += generated_ids(model, ids, tokens, temperature, top_p, seed)
    return model.decode(ids[len(model.beginning) :])


def generated_ids(
    model: LoadedModel, ids: list[int], tokens: int, temperature: float, top_p: float, seed: int
) -> Iterator[int]:
    """The ids that follow, the end of the document not among them."""
    generator = torch.Generator().manual_seed(seed)
    text, end = list(ids), model.special_ids.get("eos")
    for _ in range(tokens):
        logits_v = next_logits(model, text[-model.length :])
        chosen = draw(logits_v, temperature, top_p, generator)
        if chosen == end:
            return
        text.append(chosen)
        yield chosen


@torch.no_grad()
def next_logits(model: LoadedModel, ids: list[int]) -> Tensor:
    """Logits [V] of the token after a text, on the CPU in float32."""
    hidden_btc = model.hidden(torch.tensor([ids]))
    logits_v: Tensor = hidden_btc[0, -1].float() @ model.decoder.head.weight.float().T
    return logits_v.cpu()


def draw(logits_v: Tensor, temperature: float, top_p: float, generator: torch.Generator) -> int:
    """A token; of equally likely ones the first is taken before the others.

    Args:
        logits_v: [V].
        temperature: logits are divided by it; 0: the likeliest.
        top_p: share of the likeliest that are drawn from.
        generator: where chance comes from: one number a token.
    """
    if temperature == 0:
        return int(logits_v.argmax())
    shares, order = torch.softmax(logits_v.double() / temperature, 0).sort(
        descending=True, stable=True
    )
    sums = shares.cumsum(0)
    kept = int((sums < top_p).sum()) + 1  # those before the share is reached, and the one with it
    point = torch.rand((), generator=generator, dtype=torch.float64) * sums[:kept][-1]
    place = int((sums[:kept] <= point).sum())
    return int(order[min(place, kept - 1)])


def _check(name: str, value: float, is_valid: bool, wanted: str) -> None:
    if not is_valid:
        raise ConfigError(f"{name}: {value} was given; {wanted} is wanted")
