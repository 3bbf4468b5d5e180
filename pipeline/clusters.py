"""Clusters to look at: the largest groups of near-duplicates, with their differences marked.

Read from a run's own files: the kept documents say how large their cluster is, the removed ones
whom they went for. Of each cluster the kept document is shown and the removed ones that are least
like it, because that is where a threshold is right or wrong.
"""

from __future__ import annotations

import heapq
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, Literal

from formats.documents import PARALLEL_FILES, document_files

if TYPE_CHECKING:
    import pyarrow as pa
    from rich.text import Text

    from formats.run_folder import RunFolder

STAGE = "minhash_dedup"
MEMBERS_SHOWN = 3
EQUAL_SHOWN = 60
"""Characters of an unchanged stretch that are shown on each side of a change."""
COMPARED = 500
"""Lines, or words of lines, that are compared (behind what they begin and end with in common);
where there are more, all is said to differ: comparing takes the square."""
CHANGES_SHOWN = 12

_UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_TOKENS = re.compile(rf"\s+|[{_UNSPACED}]\s*|[^\W{_UNSPACED}]+\s*|[^\w\s]\s*")
"""Words with the space behind them, letters where words are not set apart, signs."""

Piece = tuple[Literal["equal", "removed", "added"], str]
"""A stretch of text: in both, only in the document kept, or only in the one that went."""


@dataclass(frozen=True)
class Member:
    """A document that went."""

    id: str
    origin: str
    reason: str
    differences: list[Piece]


@dataclass(frozen=True)
class Cluster:
    """A document that stayed, and some of those that went for it."""

    id: str
    size: int
    origin: str
    lang: str
    members: list[Member]


def largest_clusters(folder: RunFolder, count: int) -> list[Cluster]:
    """The largest clusters of a run, the largest first; none where no stage made any.

    Args:
        folder: of a finished run.
        count: how many.
    """
    heads = _heads(folder, count)
    if not heads:
        return []
    removed = _least_like(folder, [head["id"] for head in heads])
    wanted = [member["id"] for members in removed.values() for member in members]
    removed_texts = _texts(document_files(folder.removed_path(STAGE)), wanted) if wanted else {}
    texts = _texts(_kept_files(folder), [head["id"] for head in heads])
    return [
        Cluster(
            head["id"], head["cluster_size"], head["origin"], head["lang"] or "und",
            [
                Member(
                    member["id"], member["origin"], member["drop_reason"],
                    differences(texts[head["id"]], removed_texts[member["id"]]),
                )
                for member in removed.get(head["id"], [])
            ],
        )
        for head in heads
    ]  # fmt: skip


def differences(kept: str, other: str) -> list[Piece]:
    """Two texts as one: line by line, then word by word in what differs, long stretches cut short.

    >>> differences("one two three", "one 2 three")
    [('equal', 'one '), ('removed', 'two '), ('added', '2 '), ('equal', 'three')]
    """
    pieces: list[Piece] = []
    for kind, left, right in _matched(kept.splitlines(True), other.splitlines(True)):
        if kind == "equal" or not left or not right:
            pieces += _piece(kind, left, right)
            continue
        words = (_TOKENS.findall("".join(lines)) for lines in (left, right))
        for inner in _matched(*words):
            pieces += _piece(*inner)
    return _shortened(_joined(pieces))


def _matched(a: list[str], b: list[str]) -> Iterator[tuple[str, list[str], list[str]]]:
    """Stretches of two lists that are equal, and what stands between them in each."""
    shorter = min(len(a), len(b))
    head = next((i for i in range(shorter) if a[i] != b[i]), shorter)
    room = shorter - head
    tail = next((i for i in range(room) if a[-1 - i] != b[-1 - i]), room)
    yield "equal", a[:head], a[:head]
    left, right = a[head : len(a) - tail], b[head : len(b) - tail]
    if max(len(left), len(right)) > COMPARED:
        yield "replace", left, right
    else:
        for kind, i, j, k, m in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
            yield kind, left[i:j], right[k:m]
    yield "equal", a[len(a) - tail :], a[len(a) - tail :]


def _piece(kind: str, left: list[str], right: list[str]) -> list[Piece]:
    if kind == "equal":
        return [("equal", "".join(left))]
    return [("removed", "".join(left)), ("added", "".join(right))]


def _joined(pieces: list[Piece]) -> list[Piece]:
    """Without empty pieces, neighbours of one kind as one."""
    joined: list[Piece] = []
    for kind, text in pieces:
        if joined and joined[-1][0] == kind:
            joined[-1] = (kind, joined[-1][1] + text)
        elif text:
            joined.append((kind, text))
    return joined


def _shortened(pieces: list[Piece]) -> list[Piece]:
    """The first changes, with some of what is around them."""
    short: list[Piece] = []
    changes = 0
    for number, (kind, text) in enumerate(pieces):
        changes += kind != "equal"
        if changes > CHANGES_SHOWN:
            short.append(("equal", " …"))
            break
        before, after = number > 0, number + 1 < len(pieces)
        room = EQUAL_SHOWN * (before + after)
        if kind == "equal" and len(text) > max(room, EQUAL_SHOWN) + 1:
            left = text[:EQUAL_SHOWN] if before else ""
            right = text[-EQUAL_SHOWN:] if after else ""
            text = f"{left}…{right}" if before or after else f"{text[:EQUAL_SHOWN]}…"
        short.append((kind, text))
    return short


def show_clusters(folder: RunFolder, count: int) -> None:
    """Print the largest clusters: on a terminal in colour, else marked ``[-so-]``, ``{+so+}``."""
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    clusters = largest_clusters(folder, count)
    if not clusters:
        console.print(f"{folder.path}: no clusters ({STAGE} found none, or did not run)")
    for number, cluster in enumerate(clusters, 1):
        console.print(
            f"{number}. {cluster.size:,} documents, kept {cluster.id} "
            f"({cluster.lang}, {cluster.origin})",
            style="bold",
            markup=False,
        )
        for member in cluster.members:
            console.print(f"   {member.reason}: {member.id} ({member.origin})", markup=False)
            console.print(_marked(member.differences, console.is_terminal))
        console.print()


def _marked(pieces: Sequence[Piece], colours: bool) -> Text:
    """The pieces on the lines of a terminal; control characters of a corpus never reach it."""
    from rich.text import Text

    marks = {"equal": ("", ""), "removed": ("[-", "-]"), "added": ("{+", "+}")}
    styles = {"equal": "dim", "removed": "red strike", "added": "green"}
    text = Text("     ")
    for kind, piece in pieces:
        shown = "".join(c if c.isprintable() else " " for c in piece)
        left, right = ("", "") if colours else marks[kind]
        text.append(f"{left}{shown}{right}", style=styles[kind])
    return text


def cluster_sizes(folder: RunFolder) -> dict[int, int]:
    """How many clusters there are of each size, from 2 documents; read in one column."""
    import pyarrow.compute as pc
    import pyarrow.dataset as ds

    sizes: Counter[int] = Counter()
    files = _kept_files(folder)
    if files and "cluster_size" in ds.dataset(files).schema.names:
        for batch in _batches(files, ["cluster_size"], ds.field("cluster_size") > 1):
            for entry in pc.value_counts(batch.column(0)).to_pylist():
                sizes[entry["values"]] += entry["counts"]
    return dict(sorted(sizes.items()))


def _kept_files(folder: RunFolder) -> list[str]:
    """Files of kept documents, without those made of translations."""
    files = document_files(folder.documents_path) if _exists(folder.documents_path) else []
    return [path for path in files if not path.endswith(PARALLEL_FILES)]


def _exists(path: str) -> bool:
    from formats.storage import filesystem

    files, inner = filesystem(path)
    return bool(files.exists(inner))


def _batches(files: Sequence[str], columns: list[str], where: Any) -> Iterator[pa.RecordBatch]:
    """Rows of Parquet files that meet a condition; what cannot have any is not read."""
    import pyarrow.dataset as ds

    # Without reading ahead: else memory grows with the files, to many row groups of texts.
    yield from ds.dataset(list(files)).to_batches(
        columns=columns, filter=where, batch_readahead=0, fragment_readahead=0, use_threads=False
    )


def _heads(folder: RunFolder, count: int) -> list[dict[str, Any]]:
    """The kept documents of the largest clusters."""
    import pyarrow.compute as pc
    import pyarrow.dataset as ds

    files = _kept_files(folder)
    if not files or "cluster_size" not in ds.dataset(files).schema.names:
        return []
    found: list[dict[str, Any]] = []
    columns = ["id", "cluster_size", "origin", "lang"]
    for batch in _batches(files, columns, ds.field("cluster_size") > 1):
        order = pc.sort_indices(
            batch, sort_keys=[("cluster_size", "descending"), ("id", "ascending")]
        )
        rows = batch.take(order[:count]).to_pylist()
        found = heapq.nsmallest(count, [*found, *rows], lambda r: (-r["cluster_size"], r["id"]))
    return found


def _least_like(folder: RunFolder, heads: list[str]) -> dict[str, list[dict[str, Any]]]:
    """Of each kept document the removed ones that are least like it, by its id."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.dataset as ds

    found: dict[str, list[dict[str, Any]]] = {head: [] for head in heads}
    if not _exists(folder.removed_path(STAGE)):
        return found
    columns = ["id", "origin", "drop_reason", "duplicate_of"]
    where = ds.field("duplicate_of").isin(pa.array(heads))
    for batch in _batches(document_files(folder.removed_path(STAGE)), columns, where):
        order = [("duplicate_of", "ascending"), ("drop_reason", "ascending"), ("id", "ascending")]
        batch = batch.take(pc.sort_indices(batch, sort_keys=order))
        for head in pc.unique(batch.column("duplicate_of")).to_pylist():
            rows = batch.filter(pc.equal(batch.column("duplicate_of"), head))
            few = [*found[head], *rows.slice(0, MEMBERS_SHOWN).to_pylist()]
            found[head] = heapq.nsmallest(
                MEMBERS_SHOWN, few, lambda row: (row["drop_reason"], row["id"])
            )
    return found


def _texts(files: Sequence[str], ids: list[str]) -> dict[str, str]:
    """Texts of some documents."""
    import pyarrow as pa
    import pyarrow.dataset as ds

    found: dict[str, str] = {}
    if not ids:
        return found
    for batch in _batches(files, ["id", "text"], ds.field("id").isin(pa.array(ids))):
        columns = (batch.column(name).to_pylist() for name in ("id", "text"))
        found |= dict(zip(*columns, strict=True))
    return found
