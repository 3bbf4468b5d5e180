"""Languages to learn more from, so that none costs too much: found on counts, no text read again.

    counts.arrow ---> learn with shares ---> tokens of parallel pieces ---> premiums
                          ^                                                    |
                          +------------------ other shares <-------------------+

Parallel text is cut into pieces once; a vocabulary is then measured by how many tokens each
distinct piece takes. A trial costs one learning of merges, and memory is that of one. Premiums are
those of ``evaluate.compare_pairs``: tokens by tokens of the pivot's side of the same pairs. A
language without parallel text has no premium; its weight beside those of the others stays.

Every trial learns the whole vocabulary. A third of it predicts which language gives way (on 120 MB
of 30 languages the changes of 32,000 and of 100,534 entries correlate by 0.97) but not the premium,
which is up to a sixth higher, and saves only a third of the time: early merges are the long ones.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from formats.pretokenizers.scanner import Scanner
from formats.storage import file_size, open_input
from tokenizer_evaluate.share_search import MOST_TRIALS, Search, Trial, search_shares
from tokenizer_train.balance import Balance, balance_groups
from tokenizer_train.counting.counts_file import COUNTS_FILE, read_batches, read_info
from tokenizer_train.learn import learn_vocabulary
from tokenizer_train.merging.token_counts import tokens_by_group
from tokenizer_train.parallel import LEAST_TEXT, Parallel, parallel_pieces
from tokenizer_train.settings import TokenizerOptions
from tokenizer_train.train import COUNTS_FOLDER

TRAINING_FILE = "training.json"


@dataclass(frozen=True)
class Trained:
    """A training that can be done again, otherwise balanced."""

    counts: str
    """The file of counts."""
    options: TokenizerOptions


@dataclass(frozen=True)
class Suggestion:
    """Shares that bring premiums under a bound, or as near as could be."""

    pivot: str
    search: Search
    unlearned: list[str]
    """Languages of the parallel text that there is no text to learn from: out of reach."""
    scarce: list[str]
    """Languages with too little parallel text to judge by."""

    @property
    def before(self) -> Trial:
        """As the training was."""
        return self.search.trials[0]

    @property
    def after(self) -> Trial:
        """As suggested."""
        return self.search.trials[self.search.best]

    @property
    def shares(self) -> dict[str, float]:
        """Language -> share: what ``--balance shares.yaml`` takes."""
        return {name: round(share, 6) for name, share in sorted(self.after.shares.items()) if share}

    def notes(self) -> list[str]:
        """What a person should know."""
        bound = self.search.bound
        name, premium = self.after.worst
        over = [n for n, premium in self.after.premiums.items() if premium > bound]
        notes = [
            f"not under {bound:g}: {', '.join(sorted(over))}; the worst is {name} at "
            f"{premium:.3f}. A larger vocabulary or more text of theirs would help"
            if over else f"every premium is under {bound:g}: the worst is {name} at {premium:.3f}"
        ]  # fmt: skip
        stuck = [n for n in self.search.saturated if self.after.premiums[n] > bound]
        for text, names in (
            ("more weight makes these no cheaper", stuck),
            ("no text was learned from", self.unlearned),
            (f"less than {LEAST_TEXT:,} bytes of parallel text, weight kept", self.scarce),
        ):
            if names:
                notes.append(f"{text}: {', '.join(names)}")
        return notes


def read_trained(folder: str, counts: str | None = None) -> Trained:
    """What ``tokenizer-train`` left in a folder.

    Args:
        folder: of the tokenizer.
        counts: the file of counts, where it is not below the folder.

    Raises:
        ValueError: the folder has no training.json, or there are no counts, or others.
    """
    path = f"{folder}/{TRAINING_FILE}"
    if file_size(path) is None:
        raise ValueError(f"--suggest: no {TRAINING_FILE} in {folder}; was it by tokenizer-train?")
    with open_input(path) as stream:
        options = TokenizerOptions.model_validate(json.loads(stream.read())["settings"])
    counts = counts or f"{folder}/{COUNTS_FOLDER}/{COUNTS_FILE}"
    if file_size(counts) is None:
        raise ValueError(f"--suggest: no counts at {counts}; give --counts FILE")
    splits = read_info(counts).splits
    if splits != options.splits:
        raise ValueError(
            f"--suggest: {counts} was cut by {list(splits)}, {folder} by {list(options.splits)}"
        )
    return Trained(counts, options)


def shares_file(suggestion: Suggestion) -> str:
    """The contents of shares.yaml: what ``--balance`` reads, with what it was found by above it."""
    lines = [
        f"# Shares of languages, as suggested for premiums over {suggestion.pivot} below "
        f"{suggestion.search.bound:g}.",
        "# A language that is not named here is not learned from.",
        *(f"# {note}" for note in suggestion.notes()),
        *(f"{json.dumps(name)}: {share}" for name, share in suggestion.shares.items()),
    ]
    return "".join(f"{line}\n" for line in lines)


def suggest_shares(
    trained: Trained,
    parallel: Parallel,
    bound: float,
    most_trials: int = MOST_TRIALS,
    progress: Callable[[int, float], None] = lambda trial, share: None,
) -> Suggestion:
    """Find shares under which no language costs more than ``bound`` times the pivot.

    The merges are learned by our own backend, whichever the training used, and by weights alone.

    Args:
        trained: counts, and how to learn from them; its balance is where the search begins.
        parallel: what premiums are measured on; better not among the text learned from.
        bound: of every premium, above 1.
        most_trials: learnings at most.
        progress: called with the number of the trial and the share of it that is done.

    Raises:
        ValueError: the bound is not above 1, or no language of the parallel text can be moved.
    """
    if not bound > 1:
        raise ValueError(f"--suggest: {bound:g} is not above 1, which is what the pivot costs")
    judge = _Judge(trained, parallel, progress)
    if not judge.movable:
        raise ValueError(
            "--suggest: no language of the parallel text was learned from: "
            f"{', '.join(parallel.languages)} beside {', '.join(sorted(judge.shares))}"
        )
    search = search_shares(judge.shares, judge.measure, bound, most_trials)
    return Suggestion(parallel.pivot, search, judge.unlearned, judge.scarce)


class _Judge:
    """Learns from counts with given shares, and measures what comes out."""

    def __init__(
        self, trained: Trained, parallel: Parallel, progress: Callable[[int, float], None]
    ) -> None:
        self._counts = trained.counts
        self._info = read_info(trained.counts)
        merges = "aligned" if trained.options.aligned else "plain"
        alike = {"backend": "native", "merges": merges, "parity": None}
        self._options = trained.options.model_copy(update=alike)
        self._languages = parallel.languages
        self._pieces = parallel_pieces(parallel, Scanner(self._info.splits))
        self._progress = progress
        self._trials = 0
        balance = self._balance(None)
        self.shares = {
            n: s for n, s in balance.shares.items() if s > 0 and balance.learned_bytes[n]
        }
        enough = dict(
            zip(parallel.languages, parallel.sums(parallel.lengths())[0] >= LEAST_TEXT, strict=True)
        )
        self.scarce = [name for name in parallel.languages if not enough[name]]
        self.unlearned = [n for n in parallel.languages if enough[n] and n not in self.shares]
        self.movable = [n for n in parallel.languages if enough[n] and n in self.shares]

    def measure(self, shares: dict[str, float]) -> Trial:
        """One trial."""
        number = self._trials
        self._trials += 1
        balance = self._balance(shares)
        entries = self._options.vocab - len(self._options.special.in_order())
        pairs = learn_vocabulary(
            self._counts, balance.weights, self._options, entries,
            lambda share: self._progress(number, share),
        ).pairs  # fmt: skip
        sides = np.ones(2 * len(self._languages), np.bool_)
        tokens = tokens_by_group(self._pieces, pairs, sides)[0].reshape(-1, 2)
        premiums = dict(zip(self._languages, (tokens[:, 0] / tokens[:, 1]).tolist(), strict=True))
        own = dict(zip(self._languages, tokens[:, 0].tolist(), strict=True))
        held_out = tokens_by_group(read_batches(self._counts), pairs, balance.held_out)[0].sum()
        return Trial(
            shares,
            {name: premiums[name] for name in self.movable},
            {name: own[name] for name in self.movable},
            int(held_out),
        )

    def _balance(self, shares: dict[str, float] | None) -> Balance:
        options = self._options
        if shares is not None:
            options = options.model_copy(update={"language_shares": shares})
        return balance_groups(self._info.groups, self._info.unread_bytes, options)
