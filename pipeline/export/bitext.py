"""Sentence pairs as parallel corpora are exchanged: Moses text and TMX, streamed.

    moses   <pair>.<left>, <pair>.<right>   a sentence a line, line i of both files belongs together
    tmx     <pair>.tmx                      TMX 1.4b with scores and the documents' ids

Only kept pairs are written, in the order of the run's files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import IO, TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

from formats import __version__, storage
from formats.documents import document_files

if TYPE_CHECKING:
    from formats.run_folder import RunFolder

COLUMNS = ["left_id", "right_id", "left_lang", "right_lang", "left_text", "right_text", "score",
           "kept"]  # fmt: skip
BATCH_ROWS = 8192
FORMATS = ("moses", "tmx")

_LINE_ENDS = str.maketrans(dict.fromkeys("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029", " "))
_NOT_XML = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF])

_HEADER = """\
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE tmx SYSTEM "tmx14.dtd">
<tmx version="1.4">
<header creationtool="polymill" creationtoolversion={version} segtype="block" o-tmf="polymill"
 adminlang="en" srclang={source} datatype="plaintext"/>
<body>
"""
_FOOTER = "</body>\n</tmx>\n"


def export_bitext(
    run: RunFolder,
    to: str,
    folder: str,
    step: Callable[[str, int], AbstractContextManager[None]],
    part_done: Callable[[], None],
) -> list[str]:
    """Write a run's kept sentence pairs.

    Args:
        run: a run folder with ``bilingual/sentences``.
        to: one of ``FORMATS``.
        folder: where the files go.
        step: shows a step of so many parts.
        part_done: called after each file of the run.

    Returns:
        The files, each whole or absent.

    Raises:
        FileNotFoundError: the run has no sentence pairs.
    """
    try:
        files = document_files(run.bilingual_sentences_path)
    except FileNotFoundError as error:
        found = f"{run.path}: no sentence pairs; the stage bilingual writes them (align: true)"
        raise FileNotFoundError(found) from error
    write = {"moses": _moses, "tmx": _tmx}[to]
    written: dict[str, None] = {}
    with ExitStack() as outputs, step(f"export {to}", len(files)):
        sinks: dict[tuple[str, str], list[IO[bytes]]] = {}
        for path in files:
            for rows in _kept_rows(path):
                for pair, own in _by_pair(rows).items():
                    if pair not in sinks:
                        paths = _paths(folder.rstrip("/"), to, pair)
                        written |= dict.fromkeys(paths)
                        sinks[pair] = _opened(paths, to, pair, outputs)
                    write(sinks[pair], own)
            part_done()
        if to == "tmx":
            for own_sinks in sinks.values():
                own_sinks[0].write(_FOOTER.encode())
    return sorted(written)


def _kept_rows(path: str) -> Iterator[list[dict[str, Any]]]:
    import pyarrow.parquet as pq

    files, inner = storage.filesystem(path)
    with files.open(inner, "rb") as stream:
        for batch in pq.ParquetFile(stream).iter_batches(BATCH_ROWS, columns=COLUMNS):
            yield batch.filter(batch.column("kept")).to_pylist()


def _by_pair(rows: list[dict[str, Any]]) -> dict[tuple[str, str], list[dict[str, Any]]]:
    pairs: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        pairs.setdefault((row["left_lang"], row["right_lang"]), []).append(row)
    return pairs


def _paths(folder: str, to: str, pair: tuple[str, str]) -> list[str]:
    name = f"{folder}/{pair[0]}-{pair[1]}"
    return [f"{name}.tmx"] if to == "tmx" else [f"{name}.{language}" for language in pair]


def _opened(
    paths: list[str], to: str, pair: tuple[str, str], outputs: ExitStack
) -> list[IO[bytes]]:
    sinks = []
    for path in paths:
        temporary = outputs.enter_context(storage.atomic_path(path))
        files, inner = storage.filesystem(temporary)
        sinks.append(outputs.enter_context(files.open(inner, "wb")))
    if to == "tmx":
        header = _HEADER.format(version=quoteattr(__version__), source=quoteattr(pair[0]))
        sinks[0].write(header.encode())
    return sinks


def _moses(sinks: list[IO[bytes]], rows: list[dict[str, Any]]) -> None:
    """A line each; a line end inside a text becomes a space."""
    for sink, side in zip(sinks, ("left", "right"), strict=True):
        lines = [row[f"{side}_text"].translate(_LINE_ENDS) for row in rows]
        sink.write(("\n".join(lines) + "\n").encode())


def _tmx(sinks: list[IO[bytes]], rows: list[dict[str, Any]]) -> None:
    sinks[0].write("".join(map(_unit, rows)).encode())


def _unit(row: dict[str, Any]) -> str:
    """One translation unit; characters that XML has no way to write are left out."""
    variants = "".join(
        f"<tuv xml:lang={quoteattr(row[f'{side}_lang'])}>"
        f'<prop type="document">{_text(row[f"{side}_id"])}</prop>'
        f"<seg>{_text(row[f'{side}_text'])}</seg></tuv>"
        for side in ("left", "right")
    )
    return f'<tu><prop type="score">{row["score"]:.4f}</prop>{variants}</tu>\n'


def _text(text: str) -> str:
    return escape(text.translate(_NOT_XML))
