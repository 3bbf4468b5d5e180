"""Models of characters, one per language, counted on the good documents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.quality_training.examples import batches_of, matching_rows
from pipeline.quality_training.settings import CharacterModelOptions, ExampleSource
from pipeline.staged_documents import document_keys, languages_of, through_stages
from stages.base import MapStage
from stages.perplexity import character_model
from stages.perplexity.perplexity import Perplexity

FOLDER = "characters"
HELD_OUT = 10
"""One of so many documents is not counted but measured."""
QUANTILES = (0.01, 0.1, 0.5, 0.9, 0.99)

REFERENCE = pa.schema(
    [
        pa.field("key", pa.uint64()),
        pa.field("lang", pa.string()),
        pa.field("text", pa.large_string()),
    ]
)


def train_character_models(
    out: str, positives: Sequence[ExampleSource], stages: Sequence[MapStage],
    options: CharacterModelOptions, seed: int, progress: Callable[[int, int], None],
    part_done: Callable[[], None],
) -> list[dict[str, Any]]:  # fmt: skip
    """Count one model per language and write ``characters/<language>.npz``.

    Args:
        out: the folder of the quality model.
        positives: sources of good documents.
        stages: what documents go through first.
        options: of the models.
        seed: of the choice of documents.
        progress: called with documents and bytes of text.
        part_done: called after each source.

    Returns:
        Per language: ``lang``, ``documents`` and ``characters`` counted, and ``held_out``: the
        quantiles of bits per character of documents that were not.
    """
    table = _reference(positives, stages, options, seed, progress, part_done)
    found = []
    for lang in sorted(set(table["lang"].to_pylist())):
        texts = table.filter(pc.equal(table["lang"], lang))["text"].combine_chunks()
        rows = np.arange(len(texts))
        held_out = rows % HELD_OUT == HELD_OUT - 1
        counted = texts.filter(pa.array(~held_out))
        if pc.sum(pc.utf8_length(counted)).as_py() < options.fewest_characters:
            continue
        path = f"{out.rstrip('/')}/{FOLDER}/{lang}.npz"
        model = character_model.learn(counted, options.order)
        character_model.save(model, path)
        bits = _bits(path, texts.filter(pa.array(held_out)))
        found.append(
            {
                "lang": lang,
                "documents": len(counted),
                "characters": model.characters,
                "held_out": [round(float(q), 3) for q in np.quantile(bits, QUANTILES)]
                if len(bits)
                else [],
            }
        )
    return found


def _reference(
    positives: Sequence[ExampleSource], stages: Sequence[MapStage],
    options: CharacterModelOptions, seed: int, progress: Callable[[int, int], None],
    part_done: Callable[[], None],
) -> pa.Table:  # fmt: skip
    """Texts of each language up to the number of characters wanted, by the smallest keys."""
    chosen = REFERENCE.empty_table()
    for source in positives:
        for batch in batches_of(source):
            progress(batch.num_rows, batch.column("text").nbytes)
            batch = through_stages(batch.filter(matching_rows(batch, source.where)), stages)
            new = pa.table(
                {
                    "key": pa.array(document_keys(batch, seed)),
                    "lang": languages_of(batch),
                    "text": batch.column("text"),
                },
                schema=REFERENCE,
            )
            chosen = _cut(pa.concat_tables([chosen, new]), options.characters)
        part_done()
    return chosen


def _cut(table: pa.Table, characters: int) -> pa.Table:
    """The rows of each language, by key, up to the one that completes so many characters."""
    table = table.sort_by([("lang", "ascending"), ("key", "ascending")]).combine_chunks()
    lengths = pc.utf8_length(table["text"]).to_numpy()
    codes = table["lang"].combine_chunks().dictionary_encode().indices.to_numpy()
    before = np.cumsum(lengths) - lengths
    starts = np.searchsorted(codes, np.arange(codes.max(initial=-1) + 1))
    within = before - before[starts][codes] if len(codes) else before
    return table.filter(pa.array(within < characters))


def _bits(path: str, texts: pa.Array) -> np.ndarray:
    """Bits per character as the stage measures them with its default settings; those there are."""
    stage = Perplexity.model_validate({"models": {"default": path}})
    everything = np.ones(len(texts), np.bool_)
    bits = stage.measure(texts, everything, np.zeros(len(texts), np.int64), ["und"])
    return bits[~np.isnan(bits)]
