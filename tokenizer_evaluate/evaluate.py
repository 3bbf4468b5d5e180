"""The whole evaluation: tokenizers and text in, one dictionary out.

    {"data": {...}, "parallel": {...} or None, "tokenizers": [{...}, ...]}

Everything in it is plain, so that it is also the contents of report.json.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from tokenizer_evaluate.candidates import Candidate
from tokenizer_evaluate.metrics import (
    RENYI_ALPHA,
    frequency_curve,
    gini,
    ratio,
    renyi_efficiency,
)
from tokenizer_evaluate.probes import probe
from tokenizer_evaluate.texts import Texts, TextSize, sizes_by_language, total
from tokenizer_evaluate.use import (
    CODE_POINT_TEXTS,
    Use,
    code_points_lost,
    measure_use,
    tokens_per_text,
)
from tokenizer_evaluate.vocabulary import RARE_USES, census
from tokenizer_train.parallel import LEAST_TEXT, LONG_LINE, MOST_COPIED, Parallel

Progress = Callable[[str, float], None]
"""Called with what is done now, and its share that is done."""


def evaluate(
    candidates: Sequence[Candidate],
    texts: Texts,
    parallel: Parallel | None = None,
    progress: Progress = lambda step, share: None,
) -> dict[str, Any]:
    """Judge tokenizers on the same text.

    Args:
        candidates: the tokenizers, those of interest first.
        texts: text of any languages.
        parallel: pairs of texts that say the same.
        progress: told what is going on.

    Raises:
        ValueError: there is no text.
    """
    progress("reading", 0.0)
    sizes = sizes_by_language(texts)
    progress("reading", 1.0)
    if not any(size.text_bytes for size in sizes.values()):
        raise ValueError("--data: no text to judge on: all documents are empty or left out")
    judged = [_judge(candidate, texts, sizes, parallel, progress) for candidate in candidates]
    return {
        "data": {
            "files": sorted({file.path for file in texts.documents}),
            "held_out_seed": texts.held_out_seed,
            "total": asdict(total(list(sizes.values()))),
            "languages": {name: asdict(size) for name, size in sizes.items()},
            "unreadable": texts.quarantine.counts(),
        },
        "parallel": None if parallel is None else _describe_pairs(parallel),
        "constants": {"renyi_alpha": RENYI_ALPHA, "rare_uses": RARE_USES,
                      "least_text_bytes": LEAST_TEXT},
        "tokenizers": judged,
    }  # fmt: skip


def _judge(
    candidate: Candidate,
    texts: Texts,
    sizes: Mapping[str, TextSize],
    parallel: Parallel | None,
    progress: Progress,
) -> dict[str, Any]:
    use = measure_use(candidate, texts, lambda share: progress(candidate.name, 0.9 * share))
    everything = use.total(candidate.vocab_size)
    languages = _by_language(candidate, use, sizes)
    enough = [
        entry["bytes_per_token"] for name, entry in languages.items()
        if sizes[name].text_bytes >= LEAST_TEXT
    ]  # fmt: skip
    whole = total(list(sizes.values()))
    result = {
        "name": candidate.name,
        "origin": candidate.origin,
        "encoder": candidate.encoder.backend,
        "encoder_reason": candidate.encoder.reason,
        "overall": {
            "tokens": int(everything.counts.sum()),
            **_rates(whole, int(everything.counts.sum())),
            "mean_bytes_per_token": float(np.mean(enough)) if enough else None,
            "renyi_efficiency": renyi_efficiency(everything.counts, candidate.vocab_size),
            "megabytes_per_second": _speed(everything.text_bytes, everything.seconds),
        },
        "round_trip": {
            "documents": whole.documents,
            "documents_lost": everything.different,
            "code_point_texts": CODE_POINT_TEXTS,
            "code_point_texts_lost": code_points_lost(candidate),
        },
        "languages": languages,
        "parallel": None if parallel is None else compare_pairs(candidate, parallel),
        "vocabulary": census(candidate, everything.counts),
        "frequency_curve": frequency_curve(everything.counts),
        "probes": probe(candidate),
    }
    progress(candidate.name, 1.0)
    return result


def _by_language(
    candidate: Candidate, use: Use, sizes: Mapping[str, TextSize]
) -> dict[str, dict[str, Any]]:
    """Of each language, in the order of ``sizes``."""
    result = {}
    for name, size in sizes.items():
        own = use.languages[name]
        tokens = int(own.counts.sum())
        result[name] = {
            "tokens": tokens,
            **_rates(size, tokens),
            "distinct_tokens": int((own.counts > 0).sum()),
            "renyi_efficiency": renyi_efficiency(own.counts, candidate.vocab_size),
            "megabytes_per_second": _speed(own.text_bytes, own.seconds),
            "documents_lost": own.different,
        }
    return result


def _rates(size: TextSize, tokens: int) -> dict[str, float | None]:
    return {
        "fertility": ratio(tokens, size.words),
        "bytes_per_token": ratio(size.text_bytes, tokens),
        "characters_per_token": ratio(size.characters, tokens),
    }


def _speed(text_bytes: int, seconds: float) -> float | None:
    return ratio(text_bytes / 1e6, seconds)


def compare_pairs(candidate: Candidate, parallel: Parallel) -> dict[str, Any]:
    """What other languages cost beside the pivot, in tokens for the same content.

    Returns:
        ``premium``: language -> tokens by tokens of the pivot's side of the same pairs;
        ``worst``: the language with the largest among those with enough text, and its premium;
        ``gini``: over the premiums of those and the pivot's own, 1.
    """
    tokens = tokens_per_text(candidate, parallel)
    ours, theirs = parallel.sums(tokens)
    premium = {
        name: ratio(float(mine), float(other))
        for name, mine, other in zip(parallel.languages, ours, theirs, strict=True)
    }
    sizes = dict(zip(parallel.languages, parallel.sums(parallel.lengths())[0], strict=True))
    enough = {
        name: value
        for name, value in premium.items()
        if value is not None and sizes[name] >= LEAST_TEXT
    }
    worst = max(enough, key=lambda name: enough[name], default=None)
    return {
        "premium": premium,
        "worst": None if worst is None else {"language": worst, "premium": enough[worst]},
        "gini": gini(np.array([1.0, *enough.values()])) if enough else None,
    }


def _describe_pairs(parallel: Parallel) -> dict[str, Any]:
    ours, theirs = parallel.sums(parallel.lengths())
    pairs = np.bincount(parallel.codes, minlength=len(parallel.languages))
    return {
        "pivot": parallel.pivot,
        "copied_left_out_above": MOST_COPIED,
        "long_line_characters": LONG_LINE,
        "copied": parallel.copied,
        "languages": {
            name: {
                "pairs": int(pairs[code]),
                "text_bytes": int(ours[code]),
                "pivot_bytes": int(theirs[code]),
                "bytes_premium": ratio(float(ours[code]), float(theirs[code])),
            }
            for code, name in enumerate(parallel.languages)
        },
    }
