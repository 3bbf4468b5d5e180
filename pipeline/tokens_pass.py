"""The tokenizer of a run, trained or given, and the items of the pass that applies it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from formats import storage
from formats.documents import PARALLEL_FILES, documents_schema
from formats.tokenizer_files import read_tokenizer_files
from pipeline.recipe_yaml import nearest
from stages.mixture.options import ALWAYS_KEPT
from stages.tokens.split_keys import KEY_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from formats.run_folder import RunFolder
    from pipeline.ledger import RecordedEngine
    from pipeline.recipe import Recipe
    from stages.mixture.options import MixtureOptions

PARALLEL_COLUMNS = ["lang", "form"]
"""Tokens of parallel documents are counted by these."""

TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
                   "chat_template.jinja", "training.json", "tokenizer.tiktoken", "tokenizer.model",
                   "README.md")  # fmt: skip


def make_tokenizer(
    recipe: Recipe, documents: Sequence[str], folder: RunFolder, engine: RecordedEngine
) -> dict[str, Any]:
    """Train the run's tokenizer on its kept documents, or copy the one that is given.

    Returns:
        ``vocab_size``, ``sha256``, ``special_ids``; of a trained one ``bytes_per_token`` (held-out
        text, per language) and ``notes`` too.
    """
    assert recipe.tokenizer is not None
    engine = replace(engine, prefix="tokenizer/")
    if recipe.tokenizer.train is None:
        item = {"path": recipe.tokenizer.path, "folder": folder.tokenizer_path}
        return engine.map("copy", copy_tokenizer, [item])[0]
    from tokenizer_train.documents import run_documents
    from tokenizer_train.train import train

    report = train(
        run_documents(documents), folder.tokenizer_path, recipe.tokenizer.train,
        seed=recipe.run.seed, engine=engine, counts_folder=f"{folder.work_path}/tokenizer",
        lineage=engine.lineage,
    )  # fmt: skip
    read_tokenizer_files(folder.tokenizer_path)  # sentencepiece may have given none
    return {
        "vocab_size": report.vocab_size,
        "sha256": report.sha256,
        "special_ids": report.special_ids,
        "bytes_per_token": report.bytes_per_token,
        "notes": report.notes,
    }


def copy_tokenizer(item: dict[str, Any]) -> dict[str, Any]:
    """Copy a tokenizer's files into the run: an engine's task.

    Args:
        item: ``path`` of its folder, and the ``folder`` in the run.
    """
    for name in TOKENIZER_FILES:
        source = f"{item['path']}/{name}"
        if storage.file_size(source) is not None:
            storage.copy(source, f"{item['folder']}/{name}")
    found = read_tokenizer_files(item["folder"])
    return {
        "vocab_size": found.vocab_size,
        "sha256": found.sha256,
        "special_ids": dict(found.special_ids),
        "bytes_per_token": {},
        "notes": [],
    }


def token_items(
    recipe: Recipe, documents: Sequence[str], folder: RunFolder, tokenizer: dict[str, Any]
) -> list[dict[str, Any]]:
    """The items of ``tokenize_partition``, one per file of kept documents."""
    assert recipe.mixture is not None
    components = [rule.model_dump(mode="json") for rule in recipe.mixture.components]
    types = column_types(recipe.mixture, documents)
    parallel = types | dict.fromkeys(PARALLEL_COLUMNS, "string")
    selectors = sorted({*recipe.mixture.selector_columns(), *ALWAYS_KEPT})
    return [
        {
            "documents": path,
            "part": part,
            "tokens": folder.tokens_path,
            "tokenizer": folder.tokenizer_path,
            "tokenizer_sha256": tokenizer["sha256"],
            "components": components,
            "selectors": [name for name in selectors if name in types],
            "types": parallel if path.endswith(PARALLEL_FILES) else types,
            "seed": recipe.run.seed,
            "count_by": PARALLEL_COLUMNS if path.endswith(PARALLEL_FILES) else [],
        }
        for part, path in enumerate(documents)
    ]


def column_types(mixture: MixtureOptions, documents: Sequence[str]) -> dict[str, str]:
    """Arrow types of the columns that tokenizing reads.

    Raises:
        ValueError: the mixture names a column that no document has.
    """
    schema = documents_schema(documents)
    columns = ["id", "text", *mixture.component_columns(), *mixture.selector_columns()]
    for column in columns:
        if column not in schema.names:
            raise ValueError(
                f"mixture: no document has a column {column!r}{nearest(column, schema.names)}"
            )
    columns += [c for c in (*ALWAYS_KEPT, *KEY_COLUMNS) if c in schema.names]
    return {column: str(schema.field(column).type) for column in dict.fromkeys(columns)}
