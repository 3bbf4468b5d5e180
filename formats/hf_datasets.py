"""Folders of the library ``datasets``: which files in them are the data of a split.

Four kinds are known by what lies in them, without importing the library and without any network:

* what ``Dataset.save_to_disk`` wrote (``state.json`` names the files), and the folder of several
  such that ``DatasetDict.save_to_disk`` wrote (``dataset_dict.json`` names the splits);
* the library's cache of what ``load_dataset`` prepared (``dataset_info.json``, and files named
  ``<dataset>-<split>-00000-of-00004.arrow``; its ``cache-*.arrow`` are results of ``map``, which
  would be the same data again);
* a snapshot of a repository of the hub, or any folder with its layout: Parquet, JSON lines, CSV or
  text files whose names or folders hold the split's name; where none does, all are ``train``.

A name such as ``owner/dataset`` that is no folder is looked up in the caches, where ``HF_HOME``,
``HF_DATASETS_CACHE`` and ``HF_HUB_CACHE`` put them.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from formats.listing import ListedFile, NoFiles, list_files
from formats.readers import COMPRESSIONS, READERS

SPLIT_WORDS = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "dev", "val"),
    "test": ("test", "testing", "eval", "evaluation"),
}
"""Names of splits and what stands for them in file names, as ``datasets.data_files`` has it."""
DATA_KINDS = ("parquet", "arrow", "jsonl", "csv", "text")
_DESCRIPTIONS = ("readme", "license", "licence", "dataset_infos", "dataset_info", "state")


@dataclass(frozen=True)
class DataFile:
    """A file of a dataset."""

    file: ListedFile
    read: str
    """A key of ``READERS``."""


def dataset_files(paths: Sequence[str], split: str) -> list[DataFile]:
    """The files of one split of datasets.

    Args:
        paths: folders, or names of datasets in the caches.
        split: its name. A dataset without splits is read whole.

    Raises:
        NoFiles: no such folder, or nothing to read in it.
        ValueError: the dataset has no such split, or several configurations; it names them.
    """
    folders = [inner for path in paths for inner in _prepared(_folder(path))]
    if len(folders) == 1:
        return _of_folder(folders[0], split)
    root = os.path.commonpath([os.path.abspath(folder) for folder in folders])
    return [
        replace(data, file=replace(data.file, relative_path=_relative(data.file.path, root)))
        for folder in folders
        for data in _of_folder(folder, split)
    ]


def _relative(path: str, root: str) -> str:
    """A file's name below a folder that holds several datasets."""
    return Path(os.path.abspath(path)).relative_to(root).as_posix()


def _folder(path: str) -> Path:
    """A folder as given, or that of a dataset in the caches."""
    folder = Path(path).expanduser()
    if folder.is_dir():
        return folder
    home = Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface")
    prepared = Path(os.environ.get("HF_DATASETS_CACHE") or home / "datasets")
    hub = Path(os.environ.get("HF_HUB_CACHE") or home / "hub")
    for candidate in (
        *_snapshots(hub / f"datasets--{path.replace('/', '--')}"),
        prepared / path.replace("/", "___"),
    ):
        if candidate.is_dir():
            return candidate
    parent = folder.parent
    while not parent.is_dir():
        parent = parent.parent
    names = sorted(entry.name for entry in parent.iterdir())
    raise NoFiles(path, str(parent), names[:5], len(names))


def _snapshots(repository: Path) -> Iterable[Path]:
    """The snapshot of a hub repository's main branch."""
    main = repository / "refs" / "main"
    if main.is_file():
        yield repository / "snapshots" / main.read_text().strip()


def _prepared(folder: Path) -> list[Path]:
    """The folder, or those below it that ``load_dataset`` prepared: configuration/version/hash."""
    if (folder / "dataset_info.json").is_file() or (folder / "dataset_dict.json").is_file():
        return [folder]
    inner = sorted(path.parent for path in folder.glob("*/*/*/dataset_info.json"))
    configurations = sorted({path.relative_to(folder).parts[0] for path in inner})
    if len(configurations) > 1:
        named = ", ".join(str(folder / name) for name in configurations)
        raise ValueError(f"{folder} holds several configurations; give the path of one: {named}")
    if len(inner) > 1:
        named = ", ".join(str(path) for path in inner)
        raise ValueError(f"{folder} was prepared several times; give the path of one: {named}")
    return inner or sorted(p.parent for p in folder.glob("*/*/dataset_info.json")) or [folder]


def _of_folder(folder: Path, split: str) -> list[DataFile]:
    """The files of a split in a dataset's own folder."""
    splits = _saved_splits(folder)
    if splits is not None:
        return [] if not splits else _of_folder(folder / _chosen(split, splits, folder), split)
    if (folder / "state.json").is_file():
        state = json.loads((folder / "state.json").read_text(encoding="utf-8"))
        names = [entry["filename"] for entry in state.get("_data_files", [])]
        return _listed(folder, names)
    names = _data_names(folder)
    if not names:
        raise NoFiles(str(folder), str(folder), sorted(os.listdir(folder))[:5],
                      len(os.listdir(folder)))  # fmt: skip
    by_split = _by_split(names, _info_splits(folder))
    return _listed(folder, by_split[_chosen(split, sorted(by_split), folder)])


def _saved_splits(folder: Path) -> list[str] | None:
    """The splits of a saved ``DatasetDict``; None where it is none."""
    path = folder / "dataset_dict.json"
    if not path.is_file():
        return None
    splits: list[str] = json.loads(path.read_text(encoding="utf-8"))["splits"]
    return splits


def _info_splits(folder: Path) -> list[str]:
    """The splits that a prepared dataset says it has; none of other folders."""
    path = folder / "dataset_info.json"
    if not path.is_file():
        return []
    return sorted(json.loads(path.read_text(encoding="utf-8")).get("splits") or {})


def _data_names(folder: Path) -> list[str]:
    """Relative names of the files that can be data."""
    names = []
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder).as_posix()
        hidden = any(part.startswith((".", "cache-", "tmp")) for part in relative.split("/"))
        described = path.name.lower().startswith(_DESCRIPTIONS)
        if path.is_file() and not hidden and not described and _kind(path.name):
            names.append(relative)
    tables = [name for name in names if _kind(name) != "text"]
    return tables or names  # text beside tables describes them


def _kind(name: str) -> str | None:
    """The reader of a file by its name."""
    for compression in COMPRESSIONS:
        name = name.removesuffix(compression)
    suffix = os.path.splitext(name)[1].lower()
    return next((kind for kind in DATA_KINDS if suffix in READERS[kind].extensions), None)


def _by_split(names: list[str], known: Sequence[str]) -> dict[str, list[str]]:
    """Files by the split that their names tell, a longer name before a shorter one.

    Args:
        names: relative paths.
        known: names of splits the dataset itself gives; else those that are usual.
    """
    words = {name: (name,) for name in known} or SPLIT_WORDS
    ranked = sorted(
        ((word, split) for split, some in words.items() for word in some),
        key=lambda item: -len(item[0]),
    )
    found: dict[str, list[str]] = {}
    for name in names:
        split = next((split for word, split in ranked if _holds(name, word)), "")
        found.setdefault(split, []).append(name)
    unnamed = found.pop("", [])
    return found or {"train": unnamed}


def _holds(name: str, word: str) -> bool:
    """A name holds a word that no letter or digit touches."""
    alone = rf"(?<![a-z0-9]){re.escape(word.lower())}(?![a-z0-9])"
    return re.search(alone, name.lower()) is not None


def _chosen(split: str, splits: Sequence[str], folder: Path) -> str:
    """The split, if the dataset has it."""
    if split not in splits:
        raise ValueError(f"{folder} has no split {split!r}; hf_split may be: {', '.join(splits)}")
    return split


def _listed(folder: Path, names: Sequence[str]) -> list[DataFile]:
    """Files of a folder, with sizes and times, relative to it."""
    files = []
    for name in names:
        [file] = list_files([str(folder / name)])
        kind = _kind(name)
        if kind is None:
            raise ValueError(f"{folder / name}: none of {', '.join(DATA_KINDS)} by its name")
        files.append(DataFile(ListedFile(file.path, name, file.size_bytes, file.modified), kind))
    return files
