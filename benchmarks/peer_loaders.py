"""Loaders of the same rows, one a process, for ``mixture.py``: ours and those of other libraries.

    PYTHON benchmarks/peer_loaders.py NAME FOLDER WORKERS      measure; prints a JSON object
    PYTHON benchmarks/peer_loaders.py NAME FOLDER prepare      make what the library reads

FOLDER is what ``mixture.py`` wrote: ``shards/`` and, for those that mix by themselves,
``flat/<component>.npy`` with the rows of each component. A batch is 32 rows; of each, every 1,024th
token is read, so that all of it has been in memory.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import sys
import time
import types
from collections.abc import Callable, Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import numpy as np

BATCH_ROWS = 32
SEED = 17


class Ours:
    """Views of the mapped rows; ``ahead`` batches in a thread."""

    ahead = 0
    imports = ("formats.loading.loader", "formats.shards")

    def __init__(self, folder: Path, workers: int, state: Any = None) -> None:
        """Open the shards at a row."""
        from formats import TokenShards

        shards = TokenShards(f"{folder}/shards")
        self.loader = shards.loader(
            "pretrain", BATCH_ROWS, BATCH_ROWS, state=state or 0, ahead=self.ahead
        )

    def __iter__(self) -> Iterator[np.ndarray]:
        """Batches."""
        for batch in self.loader:
            yield batch.input_ids

    def state(self) -> Any:
        """Where it stands."""
        return self.loader.state


class OursThread(Ours):
    """The default."""

    ahead = 2


class OursTensors(OursThread):
    """int64 tokens, labels, positions, pieces and boundaries, made in the thread."""

    imports = (*Ours.imports, "formats.loading.torch_batches")

    def __iter__(self) -> Iterator[np.ndarray]:
        """Batches."""
        for batch in self.loader.tensors():
            yield batch["input_ids"].numpy()


class OursDataLoader(Ours):
    """The tokens alone, as the peers' loaders give them, through torch's DataLoader."""

    fields: list[str] | None = ["input_ids"]  # noqa: RUF012 - a constant
    imports = (*Ours.imports, "formats.loading.torch_dataset")

    def __init__(self, folder: Path, workers: int, state: Any = None) -> None:
        """Open."""
        from torch.utils.data import DataLoader

        super().__init__(folder, workers, state)
        dataset = self.loader.dataset(self.fields)
        self._batches = DataLoader(dataset, batch_size=None, num_workers=workers)
        self._state = state

    def __iter__(self) -> Iterator[np.ndarray]:
        """Batches."""
        for batch in self._batches:
            self._state = batch["state"]
            yield batch["input_ids"].numpy()

    def state(self) -> Any:
        """Where it stands."""
        return self._state


class OursDataLoaderAll(OursDataLoader):
    """All tensors through torch's DataLoader."""

    fields = None


class Memmap:
    """A flat file and a row number: no order, no check, no boundaries."""

    imports = ()

    def __init__(self, folder: Path, workers: int, state: Any = None) -> None:
        """Map."""
        self.rows = np.load(f"{folder}/flat.npy", mmap_mode="r")
        self.row = state or 0

    def __iter__(self) -> Iterator[np.ndarray]:
        """Batches, copied as nanoGPT does."""
        while self.row < len(self.rows):
            self.row += BATCH_ROWS
            yield np.array(self.rows[self.row - BATCH_ROWS : self.row])

    def state(self) -> Any:
        """Where it stands."""
        return self.row


class DatasetsArrow:
    """Hugging Face datasets over our files in the format that copies nothing."""

    imports = ("datasets",)

    def __init__(self, folder: Path, workers: int, state: Any = None) -> None:
        """Map the files."""
        from datasets import Dataset, concatenate_datasets

        files = sorted(Path(folder, "shards", "pretrain").glob("*.arrow"))
        rows = concatenate_datasets([Dataset.from_file(str(file)) for file in files])
        self.rows = rows.select_columns(["input_ids"]).with_format("arrow")
        self.row = state or 0

    def __iter__(self) -> Iterator[np.ndarray]:
        """Batches."""
        while self.row < len(self.rows):
            table = self.rows[self.row : self.row + BATCH_ROWS]
            self.row += BATCH_ROWS
            column = table.column("input_ids").combine_chunks()
            yield column.flatten().to_numpy().reshape(len(column), -1)

    def state(self) -> Any:
        """Where it stands."""
        return self.row


class DatasetsInterleave:
    """Hugging Face datasets mixing the components by chance, streaming."""

    imports = ("datasets",)

    def __init__(self, folder: Path, workers: int, state: Any = None) -> None:
        """Open the components."""
        from datasets import interleave_datasets, load_dataset
        from torch.utils.data import DataLoader

        parts, shares = [], []
        for name, share in shares_of(folder).items():
            found = load_dataset(
                "arrow", data_files=f"{folder}/hf/{name}.arrow", split="train", streaming=True
            )
            parts.append(found)
            shares.append(share)
        mixed = interleave_datasets(parts, shares, seed=SEED, stopping_strategy="all_exhausted")
        self.mixed = mixed.with_format("numpy")
        if state:
            self.mixed.load_state_dict(state)
        self.batches = DataLoader(
            self.mixed, batch_size=BATCH_ROWS, num_workers=workers, collate_fn=stacked
        )

    def __iter__(self) -> Iterator[np.ndarray]:
        """Batches."""
        yield from self.batches

    def state(self) -> Any:
        """Where it stands; in its workers' processes nobody can ask."""
        return self.mixed.state_dict() if self.batches.num_workers == 0 else None

    @staticmethod
    def prepare(folder: Path) -> None:
        """Each component as a file of its own."""
        from datasets import Dataset

        Path(folder, "hf").mkdir()
        for name in shares_of(folder):
            rows = np.load(f"{folder}/flat/{name}.npy", mmap_mode="r")
            found = Dataset.from_dict({"input_ids": np.array(rows)})
            found.save_to_disk(f"{folder}/hf-{name}")
            (file,) = Path(f"{folder}/hf-{name}").glob("data-*.arrow")
            file.rename(f"{folder}/hf/{name}.arrow")


class Mosaic:
    """MosaicML streaming: a stream a component, shuffled."""

    imports = ("streaming",)

    def __init__(self, folder: Path, workers: int, state: Any = None) -> None:
        """Open the streams."""
        from streaming import Stream, StreamingDataLoader, StreamingDataset
        from streaming.base.util import clean_stale_shared_memory

        clean_stale_shared_memory()
        streams = [
            Stream(local=f"{folder}/mds/{name}", proportion=share)
            for name, share in shares_of(folder).items()
        ]
        rows = StreamingDataset(
            streams=streams, batch_size=BATCH_ROWS, shuffle=True, shuffle_seed=SEED
        )
        self.batches = StreamingDataLoader(
            rows, batch_size=BATCH_ROWS, num_workers=workers, collate_fn=stacked_tensor
        )
        if state:
            self.batches.load_state_dict(state)

    def __iter__(self) -> Iterator[np.ndarray]:
        """Batches."""
        for batch in self.batches:
            yield batch.numpy()

    def state(self) -> Any:
        """Where it stands."""
        return self.batches.state_dict()

    @staticmethod
    def prepare(folder: Path) -> None:
        """Write its format."""
        from streaming import MDSWriter

        for name in shares_of(folder):
            rows = np.load(f"{folder}/flat/{name}.npy", mmap_mode="r")
            columns = {"input_ids": f"ndarray:{rows.dtype}:{rows.shape[1]}"}
            with MDSWriter(out=f"{folder}/mds/{name}", columns=columns) as writer:
                for row in rows:
                    writer.write({"input_ids": np.array(row)})


class LitData:
    """LitData: a dataset of tokens a component, combined by weight."""

    imports = ("litdata",)

    def __init__(self, folder: Path, workers: int, state: Any = None) -> None:
        """Open the parts."""
        from litdata import (
            CombinedStreamingDataset,
            StreamingDataLoader,
            StreamingDataset,
            TokensLoader,
        )

        shares = shares_of(folder)
        parts = [
            StreamingDataset(
                f"{folder}/litdata/{name}",
                item_loader=TokensLoader(block_size=length_of(folder)),
                shuffle=True,
                seed=SEED,
            )
            for name in shares
        ]
        rows = CombinedStreamingDataset(
            parts, weights=list(shares.values()), seed=SEED, iterate_over_all=False
        )
        self.batches = StreamingDataLoader(rows, batch_size=BATCH_ROWS, num_workers=workers)
        if state:
            self.batches.load_state_dict(state)

    def __iter__(self) -> Iterator[np.ndarray]:
        """Batches."""
        for batch in self.batches:
            yield batch.numpy()

    def state(self) -> Any:
        """Where it stands."""
        return self.batches.state_dict()

    @staticmethod
    def prepare(folder: Path) -> None:
        """Write its format."""
        from litdata import TokensLoader, optimize

        for name in shares_of(folder):
            optimize(
                fn=tensors_in,
                inputs=[f"{folder}/flat/{name}.npy"],
                output_dir=f"{folder}/litdata/{name}",
                chunk_bytes="64MB",
                item_loader=TokensLoader(block_size=length_of(folder)),
                num_workers=1,
            )


def tensors_in(path: str) -> Iterator[Any]:
    """The rows of a file as LitData takes them."""
    import torch

    for row in np.load(path, mmap_mode="r"):
        yield torch.from_numpy(row.astype(np.int32))


def stacked(samples: list[Any]) -> np.ndarray:
    """A batch out of samples: what a collate function does at least."""
    return np.stack([sample["input_ids"] for sample in samples])


def stacked_tensor(samples: list[Any]) -> Any:
    """The same for a loader that counts the rows of tensors alone."""
    import torch

    return torch.from_numpy(stacked(samples))


LOADERS: dict[str, Callable[..., Any]] = {
    "ours": Ours,
    "ours-thread": OursThread,
    "ours-tensors": OursTensors,
    "ours-dataloader": OursDataLoader,
    "ours-dataloader-all": OursDataLoaderAll,
    "memmap": Memmap,
    "datasets-arrow": DatasetsArrow,
    "datasets-interleave": DatasetsInterleave,
    "mosaic": Mosaic,
    "litdata": LitData,
}


def shares_of(folder: Path) -> dict[str, float]:
    """Component -> its share."""
    found: dict[str, float] = json.loads(Path(folder, "shares.json").read_text())["shares"]
    return found


def length_of(folder: Path) -> int:
    """Tokens of a row."""
    found: int = json.loads(Path(folder, "shares.json").read_text())["sequence_length"]
    return found


def measure(name: str, folder: Path, workers: int) -> dict[str, Any]:
    """Read all rows; then go on from four fifths of them in a loader of its own."""
    make = LOADERS[name]
    for module in make.imports:
        importlib.import_module(module)
    rows_there = len(np.load(f"{folder}/flat.npy", mmap_mode="r"))
    stop = rows_there * 4 // 5 // BATCH_ROWS
    before = memory()
    peak, rows, touched, state, expected, first = before, 0, 0, None, "", 0.0
    started = time.perf_counter()
    loader = make(folder, workers)
    for number, batch in enumerate(loader):
        if not number:
            first = time.perf_counter() - started
        touched += int(batch.reshape(-1)[::1024].sum())
        rows += len(batch)
        if number % 64 == 63:
            peak = max(peak, memory())
        if number == stop - 1:
            state = loader.state()
        elif number == stop:
            expected = digest(batch)
    seconds = time.perf_counter() - started
    found: dict[str, Any] = {
        "rows": rows, "seconds": seconds, "first": first, "memory": peak - before,
        "tokens": rows * length_of(folder), "resume": None, "same": None, "touched": touched,
    }  # fmt: skip
    del loader
    if state is not None:
        started = time.perf_counter()
        try:
            batch = next(iter(make(folder, workers, state)))
        except Exception as error:  # a peer that cannot take up its own state: a result too
            print(f"{name}, {workers} workers, does not go on: {error}", file=sys.stderr)
            found["same"] = "fails"
        else:
            found |= {"resume": time.perf_counter() - started, "same": digest(batch) == expected}
    return found


def digest(batch: np.ndarray) -> str:
    """Of the tokens, whatever their type."""
    return hashlib.sha256(np.ascontiguousarray(batch, np.int64).tobytes()).hexdigest()


def memory() -> int:
    """Bytes of this process and its children that no file backs."""
    total = 0
    for process in [os.getpid(), *children(os.getpid())]:
        try:
            status = Path(f"/proc/{process}/status").read_text()
        except OSError:
            continue
        total += sum(int(line.split()[1]) << 10 for line in status.splitlines()
                     if line.startswith(("RssAnon", "RssShmem")))  # fmt: skip
    return total


def children(process: int) -> list[int]:
    """Processes that a process has started, and theirs."""
    found = []
    for path in Path(f"/proc/{process}/task").glob("*/children"):
        for child in path.read_text().split():
            found += [int(child), *children(int(child))]
    return found


class _Absent:
    """Finds empty modules for what the peers import and never use here."""

    names = ("torchvision", "transformers")

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Any module below these names."""
        found = name.split(".")[0] in self.names
        return ModuleSpec(name, self, is_package=True) if found else None  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> types.ModuleType:
        """A module of which everything is an empty class."""
        module = types.ModuleType(spec.name)
        module.__getattr__ = _empty_class  # type: ignore[method-assign]
        return module

    def exec_module(self, module: types.ModuleType) -> None:
        """Nothing to run."""


def _empty_class(name: str) -> type:
    if name.startswith("__"):
        raise AttributeError(name)
    return type(name, (), {})


def main(name: str, folder: str, what: str) -> None:
    """Measure or prepare one."""
    if name in ("mosaic", "litdata"):
        sys.meta_path.append(_Absent())  # type: ignore[arg-type]
    if what == "prepare":
        LOADERS[name].prepare(Path(folder))  # type: ignore[attr-defined]
    else:
        print(json.dumps(measure(name, Path(folder), int(what))), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:4])
