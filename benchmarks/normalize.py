"""What ``normalize`` repairs, leaves and harms, beside ftfy; what it changes; how fast it is.

    python benchmarks/normalize.py DATA [--samples 2]

DATA is the folder of the development data: ``*.jsonl.zst`` and ``dirty/dirty_mojibake.jsonl.zst``
(broken documents whose ``meta`` holds the clean text). Three parts: mojibake against the clean
originals by chain of wrong decodings; a table of characters and what becomes of them; every changed
document of the data by kind and language, and MB/s of one core on text as it is and on broken text.
MB are UTF-8 bytes; seconds are those of the thread, imports and the loading of kernels not counted.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ftfy
import numpy as np
import orjson
import pyarrow as pa
import zstandard

from stages.normalize.changes import CHANGES, KINDS, change_names
from stages.normalize.normalize import Normalize

BATCH_BYTES = 16_000_000
SHOWN = {
    "sara am, composed": "น้ำ",
    "nikhahit + sara aa": "น\u0e4d\u0e49า",
    "tone mark after sara am": "นำ้",
    "sara e twice": "เเละ",
    "ZWNJ, Persian": "می\u200cخواهم",
    "ZWNJ, German": "Auf\u200clage",
    "ZWJ, Sinhala": "ශ\u0dca\u200dරී",
    "ZWJ, emoji": "👩\u200d👩\u200d👧",
    "ZWJ, Latin": "a\u200db",
    "ZWSP, Khmer": "ភាសា\u200bខ្មែរ",
    "ZWSP, Thai": "ภาษา\u200bไทย",
    "Arabic word in shapes": "ﻛﺘﺎﺏ",
    "Arabic shapes alone": "ﺏ ﺑ ﺒ ﺐ",
    "Arabic ligature": "ﻻ إله ﷲ ﷺ",
    "compatibility jamo": "ㅋㅋㅋ",
    "half-width kana": "ﾊﾟｿｺﾝ",
    "full-width Latin": "ＡＢＣ１２３，",
    "superscript, fraction": "10² ½",
    "ligature, circled, squared": "ﬁ ① ㈱",
    "quotes and dashes": "“x” – … ’",
    "nukta letter": "\u0958",
    "no-break space": "20\u00a0°C",
    "soft hyphen, BOM": "a\u00adb\ufeffc",
    "direction override": "a\u202eb\u202cc",
    "selector twice": "⛔\ufe0f\ufe0f",
    "hidden tags": "hi\U000e0068\U000e0069",
    "entity": "Caf&eacute; &amp; bar",
    "entity in code": "`&nbsp;`",
    "private use": "\ue000",
}


def main() -> None:
    """Print the three parts."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--samples", type=int, default=0, help="changed lines to show of each kind")
    options = parser.parse_args()
    rows = list(read(options.data / "dirty" / "dirty_mojibake.jsonl.zst"))
    print_mojibake(rows)
    print_characters()
    print_changes(options.data, options.samples)
    print_dirty_speed([row["text"] for row in rows])


def read(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a file of JSON lines."""
    with path.open("rb") as file:
        for line in zstandard.ZstdDecompressor().stream_reader(file).read().splitlines():
            yield orjson.loads(line)


def normalized(texts: list[str], **settings: bool) -> tuple[list[str], np.ndarray, float]:
    """The texts, the changes, and the seconds that the thread worked (the better of two runs)."""
    stage = Normalize(**settings)
    given = pa.record_batch({"text": pa.array(texts, pa.large_string())})
    seconds = []
    for _ in range(2):
        started = time.thread_time()
        batch = stage.apply(given)
        seconds.append(time.thread_time() - started)
    return batch["text"].to_pylist(), batch[CHANGES].to_numpy(), min(seconds)


def print_mojibake(rows: list[dict[str, Any]]) -> None:
    """Repaired, improved, left, harmed; all texts with the same line ends and blanks."""
    plain = {"repair_encoding": False, "decode_entities": False}
    clean = normalized([row["meta"]["clean"] for row in rows], **plain)[0]
    broken = normalized([row["text"] for row in rows], **plain)[0]

    def by(function: Callable[[str], str]) -> list[str]:
        return normalized([function(row["text"]) for row in rows], **plain)[0]

    results = {
        "normalize": normalized([row["text"] for row in rows])[0],
        "ftfy.fix_encoding": by(ftfy.fix_encoding),
        "ftfy.fix_text": by(ftfy.fix_text),
    }
    print("mojibake: documents, of which broken -> repaired exactly / changed / left; harmed")
    chains = [row["meta"]["chain"] for row in rows]
    for name, texts in results.items():
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for chain, c, b, r in zip(chains, clean, broken, texts, strict=True):
            for key in (chain, "all"):
                counts[key][verdict(c, b, r)] += 1
        print(f"\n{name}")
        for chain in [*sorted(set(chains)), "all"]:
            count = counts[chain]
            shares = " / ".join(f"{count[kind]:3}" for kind in ("repaired", "changed", "left"))
            print(f"  {chain:22} {count.total():4}  {shares}   harmed {count['harmed']}")


def verdict(clean: str, broken: str, result: str) -> str:
    """What became of a document."""
    if clean == broken:
        return "kept" if result == clean else "harmed"
    if result == clean:
        return "repaired"
    return "left" if result == broken else "changed"


def print_characters() -> None:
    """What becomes of characters that normalisations treat differently."""
    print("\ncharacters: as found -> normalize, and the kinds of change")
    texts, changes, _ = normalized(list(SHOWN.values()))
    for (name, before), after, change in zip(SHOWN.items(), texts, changes, strict=True):
        became = "as it is" if after == before else f"{after!a} ({after})"
        print(f"  {name:28} {before!a} -> {became} {', '.join(change_names(int(change)))}")


def print_changes(data: Path, samples: int) -> None:
    """Changed documents by kind and language, and the speed file by file."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    lines: dict[str, list[str]] = defaultdict(list)
    speeds = []
    apart = {False: np.zeros(2), True: np.zeros(2)}
    normalized(["warm up", "cafÃ©"])
    for path in sorted(data.glob("*.jsonl.zst")):
        rows = list(read(path))
        seconds = 0.0
        size = 0
        for part in parts(rows):
            texts = [row["text"] for row in part]
            results, changes, spent = normalized(texts)
            seconds += spent
            size += size_of(texts)
            for wanted in (False, True):
                some = [text for text, c in zip(texts, changes, strict=True) if (c != 0) == wanted]
                apart[wanted] += np.array([size_of(some), normalized(some)[2]])
            for k in np.flatnonzero(changes):
                for kind in change_names(int(changes[k])):
                    counts[kind][str(part[k].get("lang"))] += 1
                    if len(lines[kind]) < samples:
                        lines[kind].append(difference(texts[k], results[k]))
        speeds.append((size, seconds, path.name))
    print("\ndocuments changed, by kind and language")
    for kind in KINDS:
        shares = ", ".join(f"{lang} {count}" for lang, count in counts[kind].most_common(8))
        print(f"  {kind:20} {counts[kind].total():6}  {shares}")
        for line in lines[kind]:
            print(f"      {line}")
    size, seconds = sum(s for s, _, _ in speeds), sum(t for _, t, _ in speeds)
    print(f"\nMB/s of one core, text as it is: {size / 1e6 / seconds:.0f} ({size / 1e6:.0f} MB)")
    for wanted, name in ((False, "unchanged"), (True, "changed")):
        megabytes, spent = apart[wanted] / [1e6, 1]
        print(f"  documents {name:35} {megabytes:6.1f} MB {megabytes / spent:6.0f} MB/s")
    for size, seconds, name in sorted(speeds, key=lambda speed: speed[0] / speed[1]):
        print(f"  {name:45} {size / 1e6:6.1f} MB {size / 1e6 / seconds:6.0f} MB/s")


def size_of(texts: list[str]) -> int:
    """Bytes of UTF-8."""
    return sum(len(text.encode()) for text in texts)


def parts(rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """The rows in batches of about ``BATCH_BYTES``."""
    part: list[dict[str, Any]] = []
    size = 0
    for row in rows:
        part.append(row)
        size += len(row["text"]) * 2
        if size > BATCH_BYTES:
            yield part
            part, size = [], 0
    if part:
        yield part


def difference(before: str, after: str) -> str:
    """The surroundings of the first character that differs."""
    pairs = enumerate(zip(before, after, strict=False))
    here = next((k for k, (a, b) in pairs if a != b), min(len(before), len(after)))
    start = max(0, here - 20)
    return f"{before[start : here + 20]!a} -> {after[start : here + 20]!a}"


def print_dirty_speed(texts: list[str]) -> None:
    """The speed on documents of which most are broken, beside ftfy's."""
    size = size_of(texts) / 1e6
    print(
        f"\nMB/s of one core, mojibake: {size / normalized(texts)[2]:.1f} ({size:.1f} MB)", end=""
    )
    for name in ("fix_encoding", "fix_text"):
        started = time.thread_time()
        for text in texts:
            getattr(ftfy, name)(text)
        print(f"; ftfy.{name} {size / (time.thread_time() - started):.1f}", end="")
    print()


if __name__ == "__main__":
    main()
