"""Training a tokenizer beside other trainers: CPU seconds, wall time and memory, on the same text.

    python benchmarks/tokenizer_training.py DATA [--peers PYTHON] [--megabytes 50 200 450]
        [--vocab 100534] [--only NAME ...] [--timeout SECONDS] [--merges]

DATA is a folder of JSONL.zst files (``text``, ``lang``). Of all files every n-th document is taken,
so many that they have that many megabytes; where the folder has less, all of it, and the table says
how much. Every trainer reads the same JSONL file from disk, in a process of its own, one after the
other. PYTHON is an interpreter with the peers: ``pip install tokenizers sentencepiece ffbpe
gigatoken``.

All are asked for a vocabulary of N. ``native-o200k`` cuts as tokenizers and ffbpe are told to, with
plain merges, no balance, and everything learned from the same documents; ``native`` is what the
command does when nothing is said. gigatoken cuts by its own GPT-2 pattern, sentencepiece by its own
rules (lines over its limit of bytes are given in parts, so that none is
skipped): their words are others. CPU seconds are of all threads and child processes and hold
everything from the start of the interpreter; kernels are compiled before (``--cold``: not).
Memory is the largest resident size of the process.

``--merges`` instead learns plain merges from the same counts of o200k pieces by our backend and by
``tokenizers``, and says how many are equal, one by one and in order.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

O200K = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+"
    r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
OURS = ("native", "native-o200k")
PEERS = ("tokenizers", "ffbpe", "gigatoken", "sentencepiece")
SAME_AS_PEERS: dict[str, object] = {
    "pretokenizer": "o200k", "merges": "plain", "language_temperature": None,
}  # fmt: skip
SENTENCE_BYTES = 4000
"""sentencepiece skips sentences of more than 4,192 bytes."""


def main() -> None:
    """Print the table, a row as soon as it is known."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--peers", metavar="PYTHON", help="python of the peers' environment")
    parser.add_argument("--megabytes", type=int, nargs="+", default=[50, 200, 450])
    parser.add_argument("--vocab", type=int, default=100_534)
    parser.add_argument("--only", nargs="+", choices=[*OURS, *PEERS])
    parser.add_argument("--timeout", type=int, default=3600, help="seconds a trainer may take")
    parser.add_argument("--merges", action="store_true", help="compare the merges themselves")
    parser.add_argument("--cold", action="store_true", help="do not compile kernels before")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        run_child(*options.child, options.vocab)
        return
    wanted = options.only or [*OURS, *(PEERS if options.peers else ())]
    if not options.cold:
        from formats.precompile import compile_kernels

        compile_kernels()
    if not options.merges:
        print(
            "| text MB | trainer | CPU s | wall s | peak MB | entries |\n|--:|---|--:|--:|--:|--:|"
        )
    with tempfile.TemporaryDirectory() as folder:
        for megabytes in options.megabytes:
            text = Path(folder) / f"{megabytes}.jsonl"
            size = write_sample(options.data, text, megabytes * 1_000_000)
            if options.merges:
                print(f"{size / 1e6:.0f} MB: {compared_merges(text, folder, options.vocab)}")
                continue
            for name in wanted:
                python = sys.executable if name in OURS else options.peers
                row = measure(python, name, text, options)
                print(f"| {size / 1e6:.0f} | {name} | {row} |", flush=True)


def write_sample(data: Path, out: Path, text_bytes: int) -> int:
    """Every n-th document of all files as JSONL; returns the bytes of text."""
    total = sum(len(row["text"].encode()) for row in rows_of(data))
    step = max(1.0, total / text_bytes)
    written, due, number = 0, 0.0, 0
    with out.open("wb") as file:
        for row in rows_of(data):
            if number >= due:
                line = {"text": row["text"], "lang": row.get("lang") or "und"}
                file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
                written += len(row["text"].encode())
                due += step
            number += 1
    return written


def rows_of(data: Path) -> Iterator[dict[str, str]]:
    """All documents of a folder and of the one of near-duplicates in it."""
    import orjson
    import zstandard

    for path in [*sorted(data.glob("*.jsonl.zst")), *sorted(data.glob("neardup/*_docs.jsonl.zst"))]:
        with path.open("rb") as file:
            for line in zstandard.ZstdDecompressor().stream_reader(file).read().splitlines():
                row = orjson.loads(line)
                if row.get("text"):
                    yield row


def measure(python: str, name: str, text: Path, options: argparse.Namespace) -> str:
    """Run one trainer in its own process; cells of its row."""
    command = [python, __file__, str(options.data), "--vocab", str(options.vocab)]
    root = str(Path(__file__).resolve().parents[1])
    environment = os.environ | ({"PYTHONPATH": root} if name in OURS else {})
    try:
        done = subprocess.run(
            [*command, "--child", name, str(text)],
            env=environment, capture_output=True, text=True, timeout=options.timeout, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"stopped after {options.timeout} s | | | "
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        return f"failed: {reason[:80]} | | | "
    row = json.loads(done.stdout.strip().splitlines()[-1])
    return f"{row['cpu']:.1f} | {row['wall']:.1f} | {row['peak']:.0f} | {row['entries']:,}"


def compared_merges(text: Path, folder: str, vocab: int) -> str:
    """How many plain merges the backends have in common, place by place."""
    found = []
    for backend in ("native", "tokenizers"):
        out = f"{folder}/{backend}"
        _ours(str(text), out, vocab, SAME_AS_PEERS | {"backend": backend})
        found.append(json.loads(Path(out, "tokenizer.json").read_bytes())["model"]["merges"])
    equal = sum(ours == theirs for ours, theirs in zip(*found, strict=False))
    return f"{equal:,} merges equal of our {len(found[0]):,} and tokenizers' {len(found[1]):,}"


def run_child(name: str, text: str, vocab: int) -> None:
    """Train, and print what it took."""
    started = time.time()
    with tempfile.TemporaryDirectory() as folder:
        trainer = globals()[f"train_{name.replace('-', '_')}"]
        entries = trainer(text, folder, vocab)
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(usage.ru_utime + usage.ru_stime for usage in usages)
    peak = max(usage.ru_maxrss for usage in usages) / 1024
    print(json.dumps({"cpu": cpu, "wall": time.time() - started, "peak": peak, "entries": entries}))


def train_native(text: str, folder: str, vocab: int) -> int:
    """Ours, when nothing is said."""
    return _ours(text, folder, vocab, {})


def train_native_o200k(text: str, folder: str, vocab: int) -> int:
    """Ours, as the peers are told."""
    return _ours(text, folder, vocab, SAME_AS_PEERS)


def _ours(text: str, folder: str, vocab: int, settings: dict[str, object]) -> int:
    from tokenizer_train.documents import input_documents
    from tokenizer_train.settings import TokenizerOptions
    from tokenizer_train.train import train

    options = TokenizerOptions.model_validate({"vocab": vocab, **settings})
    return train(input_documents([text]), folder, options).vocab_size


def train_tokenizers(text: str, folder: str, vocab: int) -> int:
    """``tokenizers.BpeTrainer``."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(O200K), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=vocab, min_frequency=2, show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )  # fmt: skip
    tokenizer.train_from_iterator(texts_of(text), trainer)
    return tokenizer.get_vocab_size()


def train_ffbpe(text: str, folder: str, vocab: int) -> int:
    """``ffbpe``: a counter of words, then exact merges."""
    from ffbpe import BpeTrainer, PreTokenizer

    counter = PreTokenizer([], pat_str=O200K).word_counter()
    counter.add_source(texts_of(text))
    trainer = BpeTrainer([], tie_break="smallest_pair_id", bigram_cutoff_freq=2)
    trainer.add_word_counter(counter)
    trainer.init_training()
    trainer.train(vocab)
    return int(trainer.vocab_size)


def train_gigatoken(text: str, folder: str, vocab: int) -> int:
    """The trainer of gigatoken, which reads the file itself."""
    from gigatoken import JsonlFileSource
    from gigatoken.gigatoken_rs import train_bpe

    return len(train_bpe(JsonlFileSource([text], "text"), vocab, ["<|endoftext|>"])[0])


def train_sentencepiece(text: str, folder: str, vocab: int) -> int:
    """BPE of sentencepiece with byte fallback and nothing normalised."""
    import sentencepiece

    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=sentences_of(text), model_prefix=f"{folder}/m", vocab_size=vocab,
        model_type="bpe", byte_fallback=True, normalization_rule_name="identity",
        remove_extra_whitespaces=False, add_dummy_prefix=False, num_threads=2,
        train_extremely_large_corpus=True, hard_vocab_limit=False, minloglevel=2,
    )  # fmt: skip
    return int(sentencepiece.SentencePieceProcessor(model_file=f"{folder}/m.model").vocab_size())


def texts_of(text: str) -> Iterator[str]:
    """The documents of a JSONL file."""
    with open(text, "rb") as file:
        for line in file:
            yield json.loads(line)["text"]


def sentences_of(text: str) -> Iterator[str]:
    """Lines, those that are too long in parts."""
    for document in texts_of(text):
        for line in document.splitlines():
            encoded = line.encode()
            for start in range(0, len(encoded), SENTENCE_BYTES):
                yield encoded[start : start + SENTENCE_BYTES].decode(errors="ignore")


if __name__ == "__main__":
    main()
