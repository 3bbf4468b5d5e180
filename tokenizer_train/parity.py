"""Learning by parity: whose turn it is, told by parallel text; from the same counts as ever.

    counts.arrow ------> words by language ----+
                                               +--> merges in turns --> vocabulary, premiums
    parallel files ----> pieces by language ---+

Languages that are served in turns have parallel text enough and text to learn from; the pivot is
one of them, with a premium of 1. All others together are one more, by the weights of the balance:
of the merges they get the share that they have of what is learned from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from formats.pretokenizers.scanner import Scanner
from formats.quarantine import Quarantine
from tokenizer_train.balance import Balance
from tokenizer_train.counting.counts_file import CountsInfo, Group, read_batches
from tokenizer_train.documents import Documents
from tokenizer_train.learn import Vocabulary, merge_rules, vocabulary_of
from tokenizer_train.merging.columns import lay_out_columns, read_column_words
from tokenizer_train.merging.parity import Served, learn_in_turns
from tokenizer_train.merging.parity_learner import Turns
from tokenizer_train.merging.token_table import TokenTable
from tokenizer_train.merging.words import lost_pieces, read_words
from tokenizer_train.parallel import (
    LEAST_TEXT,
    Parallel,
    parallel_pieces,
    read_parallel,
    speaks,
)
from tokenizer_train.settings import ParityOptions, TokenizerOptions


@dataclass(frozen=True)
class Plan:
    """Who is served."""

    languages: list[str]
    """In turns, sorted; one of them may be the pivot."""
    others: list[str]
    """Without parallel text: one column behind the others, if there are any."""
    others_share: float
    unlearned: list[str]
    """Of the parallel text, but there is no text to learn from."""
    scarce: list[str]
    """With too little parallel text; they are among the others where they can be learned."""
    columns: np.ndarray
    """int64 [groups of the counts]."""
    sides: np.ndarray
    """int64 [2 * languages of the parallel text]: which of the sides of ``languages``, or -1."""


def plan_turns(groups: Sequence[Group], balance: Balance, parallel: Parallel) -> Plan:
    """Say who is served.

    Args:
        groups: of the counts.
        balance: how they count.
        parallel: the parallel text.

    Raises:
        ValueError: no language of the parallel text is learned from.
    """
    learned = sorted({g.language for g, w in zip(groups, balance.weights, strict=True) if w > 0})
    sizes = np.minimum(*parallel.sums(parallel.lengths()))
    enough = {n for n, size in zip(parallel.languages, sizes, strict=True) if size >= LEAST_TEXT}
    served = {name for name in enough if name in learned}
    if not served:
        raise ValueError(
            f"parity: no language of the parallel text has {LEAST_TEXT:,} bytes there and text to "
            f"learn from: {', '.join(sorted(parallel.languages))} beside {', '.join(learned)}"
        )
    column_of = {name: parallel.pivot if speaks(name, parallel.pivot) else name for name in learned}
    languages = sorted(
        name for name in set(column_of.values()) if name in served | {parallel.pivot}
    )
    number = {name: n for n, name in enumerate(languages)}
    others = [name for name in learned if column_of[name] not in number]
    columns = [number.get(column_of.get(g.language, ""), len(languages)) for g in groups]
    sides = [
        2 * number[name] + side if name in served else -1
        for name in parallel.languages
        for side in (0, 1)
    ]
    return Plan(
        languages,
        others,
        sum(balance.shares[name] for name in others),
        sorted(name for name in enough if name not in learned),
        sorted(name for name in parallel.languages if name not in enough),
        np.array(columns, np.int64),
        np.array(sides, np.int64),
    )


def learn_by_parity(
    counts: str,
    info: CountsInfo,
    balance: Balance,
    options: TokenizerOptions,
    entries: int,
    files: Documents,
    progress: Callable[[float], None],
) -> tuple[Vocabulary, dict[str, Any]]:
    """Learn merges in turns until the vocabulary has ``entries`` tokens or no pair is frequent.

    Args:
        counts: the file of counts.
        info: of the counts.
        balance: how its groups count.
        options: with ``parity``.
        entries: tokens wanted, the 256 bytes included.
        files: the parallel text, which is held in memory while it is cut.
        progress: called with the share done.

    Returns:
        The vocabulary, and what the record says of it, see ``_record``.

    Raises:
        ValueError: the parallel text holds no pairs, or none in a language that is learned from.
    """
    assert options.parity is not None
    parity = options.parity
    parallel = read_parallel(files, Quarantine(on_error="fail"), parity.pivot)
    plan = plan_turns(info.groups, balance, parallel)
    pieces = read_column_words(
        parallel_pieces(parallel, Scanner(info.splits)), (plan.sides >= 0).astype(np.int64),
        plan.sides,
    )  # fmt: skip
    copied = parallel.copied
    del parallel
    weights, left_out = balance.weights, {}
    if options.min_piece_count > 1:
        words = read_words(counts, weights)
        left_out = lost_pieces(counts, weights, words, options.min_piece_count)
        del words
    column_words = read_column_words(read_batches(counts), weights, plan.columns)
    distinct, sides = column_words.distinct, 2 * len(plan.languages)
    single = pieces.single_bytes(sides)
    if parity.pivot in plan.languages:
        own = 2 * plan.languages.index(parity.pivot)
        single[own : own + 2] = 1  # what it takes compared with itself
    count = len(plan.languages) + bool(plan.others)
    columns = lay_out_columns(column_words, count, pieces, sides, options.min_piece_count)
    del column_words, pieces
    table = TokenTable(entries, options.aligned)
    turns = Turns(len(plan.languages), plan.others_share, parity.window, parity.alpha)
    spans = [weights[(plan.columns == column) & (weights > 0)] for column in range(count)]
    served = learn_in_turns(
        columns, table, merge_rules(options), [(int(w.min()), int(w.max())) for w in spans], turns,
        int(parity.global_share * (entries - table.used)), single, progress,
    )  # fmt: skip
    return vocabulary_of(table.learned, distinct, left_out), _record(parity, plan, served, copied)


def _record(
    parity: ParityOptions, plan: Plan, served: Served, copied: dict[str, int]
) -> dict[str, Any]:
    """What training.json says of the turns."""
    own, pivot = served.tokens.reshape(-1, 2).T.tolist()
    return {
        "pivot": parity.pivot,
        "merges_for_all": served.for_all,
        "languages": {
            name: {
                "merges": int(served.merges[n]),
                "premium": round(own[n] / pivot[n], 4),
                "exhausted": bool(served.exhausted[n]),
            }
            for n, name in enumerate(plan.languages)
        },
        "others": {
            "languages": plan.others,
            "share": round(plan.others_share, 6),
            "merges": int(served.merges[len(plan.languages) :].sum()),
        },
        "unlearned": plan.unlearned,
        "scarce": plan.scarce,
        "copied_pairs": copied,
    }


def notes_of_parity(record: dict[str, Any]) -> list[str]:
    """What a person should know.

    Args:
        record: of ``learn_by_parity``.
    """
    languages = record["languages"]
    worst = max(languages, key=lambda name: languages[name]["premium"])
    notes = [
        f"parity: on the parallel text the dearest language is {worst}, with "
        f"{languages[worst]['premium']:.3f} tokens for one of {record['pivot']}"
    ]
    exhausted = [name for name, found in languages.items() if found["exhausted"]]
    others = record["others"]
    told = (
        ("no pair was left that is frequent enough", exhausted),
        ("parallel text, but no text to learn from", record["unlearned"]),
        (f"less than {LEAST_TEXT:,} bytes of parallel text, not served by it", record["scarce"]),
        (
            f"served together, by weight, with {others['merges']:,} merges, for want of parallel "
            "text",
            others["languages"],
        ),
    )
    return notes + [f"parity: {text}: {', '.join(names)}" for text, names in told if names]
