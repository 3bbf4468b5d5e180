"""The last step of a training: counts in, the tokenizer's folder out."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import numpy as np

from formats.storage import open_input
from formats.tokenizer_files import SENTENCEPIECE_MODEL, TOKENIZER_JSON, read_tokenizer_files
from formats.units import format_bytes
from tokenizer_train import progress
from tokenizer_train.balance import Balance, balance_groups
from tokenizer_train.counting.counts_file import CountsInfo, read_batches, read_info
from tokenizer_train.documents import DocumentFile
from tokenizer_train.export import (
    MODEL_CARD,
    RANKS_FILE,
    TRAINING_JSON,
    as_json,
    build_tokenizer,
    first_text_id,
    padding_tokens,
    tokenizer_contents,
    write_folder,
)
from tokenizer_train.learn import Vocabulary, backend_name, learn_vocabulary, package_versions
from tokenizer_train.merging.token_counts import tokens_by_group
from tokenizer_train.model_card import model_card
from tokenizer_train.parity import learn_by_parity, notes_of_parity
from tokenizer_train.ranks import ranks_file
from tokenizer_train.sentencepiece_step import count_tokens as count_tokens_of_pieces
from tokenizer_train.sentencepiece_step import learn_pieces, pieces_contents
from tokenizer_train.settings import BYTE_ENTRIES, TokenizerOptions

_TOKEN_IN_TEMPLATE = re.compile(r"<\|[^|<>\s]+\|>")
"""What looks like a special token."""


class TooFewPairs(ValueError):  # noqa: N818 - the name a user reads: what it is, not what we do
    """The text does not hold enough pairs for the vocabulary asked for."""


def learn_from_counts(item: dict[str, Any]) -> dict[str, Any]:
    """Learn merges from counts and write the tokenizer: an engine's task.

    Args:
        item: ``counts``: the file; ``folder``: of the tokenizer; ``options``; ``seed``; ``files``:
            name and size of what was read, for the model card; ``parallel``: the files of parity.

    Returns:
        The fields of ``TrainingReport`` but ``folder`` and ``unreadable``.

    Raises:
        TooFewPairs: the vocabulary cannot be reached and ``when_short`` is ``fail``.
    """
    options = TokenizerOptions.model_validate(item["options"])
    info = read_info(item["counts"])
    balance = balance_groups(info.groups, info.unread_bytes, options)
    learned, parity = None, None
    if options.backend == "sentencepiece":
        learned = learn_pieces(item["counts"], balance.weights, options)
        vocabulary = learned.vocabulary
        sums = count_tokens_of_pieces(item["counts"], balance.measured, learned.model.serialized())
    else:
        entries = options.vocab - len(options.special_tokens)
        if options.parity is not None:
            files = [DocumentFile(**file) for file in item["parallel"]]
            vocabulary, parity = learn_by_parity(
                item["counts"], info, balance, options, entries, files, progress.report
            )
        else:
            vocabulary = learn_vocabulary(
                item["counts"], balance.weights, options, entries, progress.report
            )
        batches = read_batches(item["counts"])
        sums = np.stack(tokens_by_group(batches, vocabulary.pairs, balance.measured))
    notes = _notes(options, balance, vocabulary)
    notes += notes_of_parity(parity) if parity else []
    padding = padding_tokens(len(vocabulary.ids) + len(options.special_tokens), options)
    notes += notes_of_export(options, len(vocabulary.ids), padding)
    if learned is not None:
        contents, more = pieces_contents(learned, options, padding)
        notes += more
    else:
        tokenizer = build_tokenizer(vocabulary, options, padding)
        contents = {RANKS_FILE: ranks_file(vocabulary, first_text_id(options))}
        contents |= tokenizer_contents(tokenizer, options, padding)
    rates = _rates(info, balance, sums)
    training = _training(options, item["seed"], info, balance, vocabulary, padding, rates, notes)
    if parity:
        training["parity"] = parity
    hashes = {
        name: hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()
        for name, content in sorted(contents.items())
    }
    special = special_ids(options, len(vocabulary.ids), padding)
    card = model_card(
        training, item["files"],
        hashes | {"the counts it was learned from": sha256_of(item["counts"])},
        special, package_versions(options),
    )  # fmt: skip
    companions = {TRAINING_JSON: as_json(training), MODEL_CARD: card}
    write_folder(item["folder"], contents | companions)
    if TOKENIZER_JSON in contents:
        read_tokenizer_files(item["folder"])  # what is written is what a run reads
    return {
        "vocab_size": training["vocabulary"]["reached"],
        "sha256": hashes.get(TOKENIZER_JSON) or hashes[SENTENCEPIECE_MODEL],
        "special_ids": {role: special[token] for role, token in options.special.roles().items()},
        "bytes_per_token": {n: r for n, (r, _) in rates.items() if n and r is not None},
        "notes": notes,
        "training": training,
    }


def notes_of_export(options: TokenizerOptions, tokens: int, padding: list[str]) -> list[str]:
    """What a person should know of the folder.

    Args:
        options: how it was to be written.
        tokens: of text.
        padding: the reserved slots that pad it.
    """
    notes = []
    special = options.special_tokens
    if padding:
        entries = tokens + len(special)
        notes.append(
            f"pad_to_multiple: {entries:,} entries and {len(padding):,} reserved slots behind them "
            f"make {entries + len(padding):,}, a multiple of {options.pad_to_multiple:,}"
        )
    written = _TOKEN_IN_TEMPLATE.findall(options.chat_template or "")
    unknown = [token for token in dict.fromkeys(written) if token not in special]
    if unknown:
        notes.append(
            f"chat_template: {', '.join(unknown)} will be cut like any text: no special token has "
            "that name; list it in special.extra"
        )
    return notes


def special_ids(options: TokenizerOptions, tokens: int, padding: list[str]) -> dict[str, int]:
    """Special token -> id, those that pad the vocabulary included.

    Args:
        options: which there are, and where they stand.
        tokens: of text.
        padding: the reserved slots that pad the vocabulary.
    """
    special = options.special_tokens
    first = 0 if options.special.place == "first" else tokens
    ids = {token: first + number for number, token in enumerate(special)}
    return ids | {token: tokens + len(special) + n for n, token in enumerate(padding)}


def sha256_of(path: str) -> str:
    """Of a file's contents."""
    digest = hashlib.sha256()
    with open_input(path) as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


_Rates = dict[str, tuple[float | None, int]]
"""Language -> bytes per token, and bytes of the text that says so: held out, or all there is of a
language that spares none; "" -> of all held-out text."""


def _rates(info: CountsInfo, balance: Balance, sums: np.ndarray) -> _Rates:
    """How well text is encoded; its pieces and their counts say it all.

    Args:
        info: of the counts.
        balance: which groups are measured.
        sums: int64 [2, groups]: tokens and bytes of those.
    """
    apart = sums[:, balance.held_out].sum(axis=1)
    rates: _Rates = {"": _rate(int(apart[0]), int(apart[1]))}
    for name in {group.language for group in info.groups}:
        mine = [number for number, group in enumerate(info.groups) if group.language == name]
        tokens, text_bytes = sums[:, mine].sum(axis=1)
        rates[name] = _rate(int(tokens), int(text_bytes))
    return rates


def _rate(tokens: int, text_bytes: int) -> tuple[float | None, int]:
    return (round(text_bytes / tokens, 4) if tokens else None), text_bytes


def _notes(
    options: TokenizerOptions,
    balance: Balance,
    vocabulary: Vocabulary,
) -> list[str]:
    """What a person should know of this training.

    Raises:
        TooFewPairs: see ``learn_from_counts``.
    """
    notes = []
    lost = vocabulary.left_out
    used = sum(balance.learned_bytes.values())
    reached = len(vocabulary.ids) + len(options.special_tokens)
    if reached < options.vocab:
        limits = [
            name
            for name, is_limit in (
                ("max_token_length", options.max_token_length),
                ("min_piece_count", options.min_piece_count > 1),
            )
            if is_limit
        ]
        message = (
            f"vocab: {options.vocab:,} asked for, {reached:,} possible: the "
            f"{vocabulary.distinct_pieces:,} distinct pieces of {format_bytes(used)} of text hold "
            f"no further pair seen {options.min_frequency} times or more. Give more text, or "
            f"lower vocab or {' or '.join(['min_frequency', *limits])}"
        )
        if options.backend == "sentencepiece":
            message = message.partition(" hold no further")[0] + " give no more. Give more text"
        if options.when_short == "fail":
            raise TooFewPairs(message)
        notes.append(message)
    if any(pieces for pieces, _ in lost.values()):
        worst = sorted(lost, key=lambda name: -lost[name][1] / balance.learned_bytes[name])[:5]
        shares = (f"{name} {lost[name][1] / balance.learned_bytes[name]:.1%}" for name in worst)
        notes.append(
            f"min_piece_count: pieces seen less than {options.min_piece_count} times were left "
            f"out; of the text they made up {', '.join(shares)}"
        )
    return notes


def _learned(options: TokenizerOptions, vocabulary: Vocabulary) -> dict[str, int]:
    """What the entries are beyond bytes and special tokens."""
    if options.backend == "sentencepiece":
        return {"pieces": len(vocabulary.ids) - BYTE_ENTRIES}
    return {"merges": len(vocabulary.merges)}


def _settings(options: TokenizerOptions) -> dict[str, Any]:
    """The settings as they are recorded: of files their names, whatever folder they lay in."""
    settings = options.model_dump(mode="json")
    if options.parity is not None:
        settings["parity"]["parallel"] = sorted(
            p.rpartition("/")[2] for p in options.parity.parallel
        )
    return settings


def _training(
    options: TokenizerOptions,
    seed: int,
    info: CountsInfo,
    balance: Balance,
    vocabulary: Vocabulary,
    padding: list[str],
    rates: _Rates,
    notes: list[str],
) -> dict[str, Any]:
    """The contents of training.json: no times, no paths, so that equal trainings are equal."""
    special = options.special_tokens
    weights = {
        group.language: int(weight)
        for group, weight in zip(info.groups, balance.weights, strict=True)
        if not group.held_out
    }
    languages = {}
    for name in sorted({group.language for group in info.groups}):
        mine = [group for group in info.groups if group.language == name]
        held_out = [
            group
            for group, apart in zip(info.groups, balance.held_out, strict=True)
            if apart and group.language == name
        ]
        documents, text_bytes = sum(g.documents for g in mine), sum(g.text_bytes for g in mine)
        languages[name] = {
            "documents": documents,
            "text_bytes": text_bytes + info.unread_bytes.get(name, 0),
            "used_documents": documents - sum(group.documents for group in held_out),
            "used_bytes": balance.learned_bytes.get(name, 0),
            "left_out_bytes": vocabulary.left_out.get(name, (0, 0))[1],
            "weight": weights.get(name, 0),
            "share": round(balance.shares.get(name, 0.0), 6),
            "held_out_documents": sum(group.documents for group in held_out),
            "held_out_bytes": rates[name][1] if held_out else 0,
            "bytes_per_token": rates[name][0],
        }
    return {
        "version": 2,
        "backend": backend_name(options),
        "seed": seed,
        "settings": _settings(options),
        "splits": list(options.splits),
        "vocabulary": {
            "asked": options.vocab,
            "reached": len(vocabulary.ids) + len(special) + len(padding),
            "bytes": BYTE_ENTRIES,
            **_learned(options, vocabulary),
            "special": len(special),
            "padding": len(padding),
        },
        "sample": {
            "asked_bytes": options.sample_bytes,
            "used_bytes": sum(balance.learned_bytes.values()),
            "used_documents": sum(language["used_documents"] for language in languages.values()),
            "special_strings_in_text": info.special_strings,
        },
        "bytes_per_token": rates[""][0],
        "languages": languages,
        "notes": notes,
    }
