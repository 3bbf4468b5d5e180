"""What a tokenizer's balance of languages does to a model: bits per byte by language.

    python benchmarks/tokenizer_models.py DATA OUT [--balance natural shares.yaml ...]
                                          [--vocab 4096] [--megabytes 4]

DATA is a folder of JSONL.zst files (``text``, ``lang``). The same documents, of each language
in the proportions of DATA, train a tokenizer for each balance and then, as shards of one pass, a
small model each (the shape of ``configs/train/sample.yaml``): equal bytes of text,
not equal tokens. Other documents of each language are judged: the bits that the model spends on all
of their tokens and the end, over their bytes of UTF-8, so that tokenizers can be compared. Needs
torch (the extra ``train``); on two CPU cores a balance takes some minutes.
"""

from __future__ import annotations

import argparse
import itertools
import math
from collections import defaultdict
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import torch
import xxhash
import yaml
import zstandard

from formats.tokenizer_files import read_tokenizer_files
from pipeline.recipe_file import load_recipe
from pipeline.run import run
from stages.tokens.encoder import Encoder
from tokenizer_train.__main__ import parse_balance
from tokenizer_train.documents import input_documents
from tokenizer_train.settings import TokenizerOptions
from tokenizer_train.train import train as train_tokenizer
from trainer.checkpoints.checkpoint import load_model
from trainer.config import TrainConfig
from trainer.model import Decoder
from trainer.train import train as train_model

SEQUENCE_LENGTH = 256
JUDGED_BYTES = 60_000
"""Of each language."""
LEAST_BYTES = 200_000
"""Of a language in all of DATA; smaller ones say nothing."""
LONGEST_DOCUMENT = 20_000
SEED = 11
MODEL = {
    "layers": 4, "hidden_size": 192, "heads": 6, "kv_heads": 2, "feed_forward_size": 512,
    "tie_embeddings": True,
}  # fmt: skip


def main() -> None:
    """Train all, print bits per byte and bytes per token by language."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--balance", nargs="+", default=["natural", "temperature:0.3"])
    parser.add_argument("--vocab", type=int, default=4096)
    parser.add_argument("--megabytes", type=float, default=4.0)
    options = parser.parse_args()
    texts, judged = split(options.data, options.megabytes * 1e6)
    corpus = options.out / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for language, documents in texts.items():
        lines = [orjson.dumps({"text": text, "lang": language}) for text in documents]
        (corpus / f"{language}.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    found = {}
    for number, balance in enumerate(options.balance):
        folder = options.out / f"balance-{number}"
        tokenizer = folder / "tokenizer"
        settings = TokenizerOptions.model_validate(
            {"vocab": options.vocab, **parse_balance(balance)}
        )
        train_tokenizer(input_documents([f"{corpus}/*.jsonl"]), str(tokenizer), settings)
        shards(corpus, tokenizer, folder / "run")
        out = trained(folder)
        found[balance] = bits_per_byte(out, tokenizer, judged)
        print(f"{balance}: done", flush=True)
    print_table(found)


def split(data: Path, size: float) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Documents to learn from, so many bytes in natural proportions, and others to be judged."""
    documents: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for path in sorted(data.glob("*.jsonl.zst")):
        with zstandard.open(path, "rb") as stream:
            lines = stream.read().splitlines()
        for line in lines:
            document = orjson.loads(line)
            text = document["text"][:LONGEST_DOCUMENT]
            key = xxhash.xxh3_64_intdigest(text.encode(), SEED)
            documents[document.get("lang") or "und"].append((key, text))
    sizes = {name: sum(len(t.encode()) for _, t in docs) for name, docs in documents.items()}
    kept = sorted(name for name in sizes if sizes[name] >= LEAST_BYTES and name != "und")
    share = size / sum(sizes[name] for name in kept)
    learned, judged = {}, {}
    for name in kept:
        chosen = [text for _, text in sorted(set(documents[name]))]
        judged[name], rest = taken(chosen, JUDGED_BYTES)
        learned[name], _ = taken(rest, share * sizes[name])
    return learned, judged


def taken(texts: list[str], size: float) -> tuple[list[str], list[str]]:
    """The first texts that have so many bytes (one at least), and the others."""
    ends = np.cumsum([len(text.encode()) for text in texts])
    count = int(np.searchsorted(ends, size)) + 1
    return texts[:count], texts[count:]


def shards(corpus: Path, tokenizer: Path, out: Path) -> None:
    """One pass over all documents, in natural proportions."""
    recipe = {
        "run": {"name": "models", "out": str(out), "fit_to_supply": "always"},
        "sources": [{"name": "corpus", "paths": [f"{corpus}/*.jsonl"], "read": "jsonl"}],
        "stages": [],
        "tokenizer": {"path": str(tokenizer)},
        "mixture": {
            "sequence_length": SEQUENCE_LENGTH,
            "components": [{"name": "all", "where": {}}],
            "phases": [{"name": "pretrain", "tokens": "2T", "max_epochs": 1}],
        },
    }
    path = out.parent / "recipe.yaml"
    path.write_text(yaml.safe_dump(recipe, sort_keys=False))
    run(load_recipe(str(path)), engine="inline", live=False)


def trained(folder: Path) -> Path:
    """Train the model of a folder's shards; returns its last checkpoint."""
    config = TrainConfig.model_validate(
        {
            "shards": str(folder / "run" / "shards"),
            "out": str(folder / "model"),
            "model": MODEL,
            "optimizer": {"learning_rate": 3e-3, "warmup_steps": 20},
            "global_batch_rows": 16,
            "log_every": 200,
            "checkpoint_every": 100_000,
        }
    )
    return train_model(config, live=False).checkpoint


def bits_per_byte(
    checkpoint: Path, tokenizer: Path, judged: dict[str, list[str]]
) -> dict[str, tuple[float, float]]:
    """Language -> bits per byte and bytes per token."""
    files = read_tokenizer_files(str(tokenizer))
    encoder = Encoder(files)
    config = TrainConfig.model_validate({"shards": ".", "out": ".", "model": MODEL})
    model = Decoder(config.model, files.vocab_size)
    model.load_state_dict(load_model(checkpoint))
    model.eval()
    found = {}
    for language, texts in judged.items():
        ids, offsets = encoder.encode(pa.array(texts, pa.large_string()))
        nats = sum(
            document_nats(model, ids[start:end].astype(np.int64), files.eos_id)
            for start, end in itertools.pairwise(offsets)
        )
        size = sum(len(text.encode()) for text in texts)
        found[language] = nats / math.log(2) / size, size / len(ids)
    return found


@torch.no_grad()
def document_nats(model: Decoder, ids: np.ndarray, end_token: int) -> float:
    """What the model spends on every token of a document, window by window."""
    total = 0.0
    for start in range(0, len(ids), SEQUENCE_LENGTH):
        targets = torch.from_numpy(ids[start : start + SEQUENCE_LENGTH])
        before = end_token if start == 0 else int(ids[start - 1])
        inputs = torch.cat([torch.tensor([before]), targets[:-1]])
        logits = model(inputs[None])[0].float()
        total += float(torch.nn.functional.cross_entropy(logits, targets, reduction="sum"))
    return total


def print_table(found: dict[str, dict[str, tuple[float, float]]]) -> None:
    """By language, then the mean and the worst."""
    names = list(found)
    print(f"{'':8}" + "".join(f"{name[-24:]:>26}" for name in names))
    print(f"{'':8}" + f"{'bits/byte':>16}{'B/token':>10}" * len(names))
    for language in found[names[0]]:
        cells = (f"{bits:16.3f}{size:10.2f}" for bits, size in (found[n][language] for n in names))
        print(f"{language:8}" + "".join(cells))
    for what, of in (("mean", np.mean), ("worst", np.max)):
        rates = [of([bits for bits, _ in found[name].values()]) for name in names]
        print(f"{what:8}" + "".join(f"{rate:16.3f}{'':10}" for rate in rates))


if __name__ == "__main__":
    main()
