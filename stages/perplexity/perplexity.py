"""The stage ``perplexity``: how many bits a language model needs for a character of a document.

What reads like the reference that the model was counted on needs few; lists of codes, broken
encodings and other languages need many, and what repeats itself needs next to none. The models are
small ones of characters (``python -m pipeline train-quality`` writes one per language) or KenLM's.
Bits depend on the script: a Chinese character holds more than a Latin one, so thresholds are per
language.
"""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, model_validator

from formats.buffers import text_buffers
from stages.base import MapStage, alive, mark_dropped, set_column
from stages.perplexity import character_model, kenlm_model
from stages.perplexity.kenlm_model import Words
from stages.quality.measuring import language_codes
from stages.thresholds import DEFAULT, limit_key, limits_of, reasons_of, unserved

ENDING = ".npz"


class Perplexity(MapStage):
    """Measure bits per character; drop documents with too many or too few, where asked to.

    Needs ``text``; reads ``lang`` (else ``declared_lang``) to choose the model and threshold. Adds
    a float32 column, null on rows dropped before, with too little text, or in a language that has
    no model (such rows are never dropped). Reasons: ``bits_per_character_max: 7.2 vs 6``,
    ``bits_per_character_min: 0.4 vs 1``.
    """

    name: ClassVar[str] = "perplexity"

    models: dict[str, str] = Field(
        {}, description="Language (or `default`) -> model: .npz of train-quality, or KenLM's."
    )
    folder: str | None = Field(
        None, description="A folder of <language>.npz, as train-quality writes, for `models`."
    )
    column: str = Field(
        "bits_per_character", description="Name of the column.", pattern=r"^[A-Za-z_]\w*$"
    )
    max_bits: dict[str, float] = Field(
        {}, description="Drop above so many bits, by language, and as `default` for the others."
    )
    min_bits: dict[str, float] = Field(
        {}, description="Drop below so many bits (text that repeats itself), likewise."
    )
    min_characters: int = Field(
        20, ge=1, description="A text of fewer characters is not measured: chance decides it."
    )
    windows: int = Field(
        8, ge=0, description="In how many windows a long document is read; 0: whole."
    )
    window_bytes: int = Field(200, ge=40, description="Bytes of a window.")
    kenlm_words: Words = Field(
        "words",
        description="Words of KenLM's models: as quality_model prepares them; `none`: by spaces.",
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if bool(self.models) == bool(self.folder):
            raise ValueError("give `models` (language: file) or `folder`, one of the two")
        for language, path in self.models.items():
            if not path.endswith((ENDING, *kenlm_model.ENDINGS)):
                valid = ", ".join((ENDING, *kenlm_model.ENDINGS))
                raise ValueError(f"models.{language}: {path!r} ends in none of {valid}")
        return self

    def paths(self) -> dict[str, str]:
        """Language -> file, languages in alphabetical order."""
        found = _files_of(self.folder) if self.folder else self.models
        return {limit_key(name): found[name] for name in sorted(found)}

    def assets(self) -> list[str]:
        """The models."""
        return list(self.paths().values())

    def check_settings(self) -> None:
        """Read the models, and ask that thresholds are of languages that have one."""
        paths = self.paths()
        for path in paths.values():
            if path.endswith(ENDING):
                character_model.load(path)
            else:
                kenlm_model.load(path)
        for name in ("max_bits", "min_bits"):
            missing = unserved(getattr(self, name), paths)
            if missing:
                raise ValueError(
                    f"perplexity.{name}: there is no model for {', '.join(missing)} "
                    f"(there are: {', '.join(paths)})"
                )

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with the bits and the reasons of what is dropped."""
        codes, names = language_codes(batch)
        bits = self.measure(batch.column("text"), alive(batch), codes, names)
        batch = set_column(batch, self.column, pa.array(bits, pa.float32(), from_pandas=True))
        reasons = pa.nulls(batch.num_rows, pa.string())
        for side, limits in (("max", self.max_bits), ("min", self.min_bits)):
            if limits:
                bounds = limits_of(limits, names)[codes]
                wrong = bits > bounds if side == "max" else bits < bounds
                rule = f"{self.column}_{side}"
                reasons = pc.coalesce(reasons, reasons_of(rule, wrong, bits, bounds))
        if reasons.null_count == len(reasons):
            return batch
        return mark_dropped(batch, self.name, reasons)

    def measure(
        self, column: pa.Array, living: np.ndarray, codes: np.ndarray, names: list[str]
    ) -> np.ndarray:
        """Bits per character, float32 [rows], NaN where there are none.

        Args:
            column: large_string [rows].
            living: bool [rows]; the others are not measured.
            codes: int64 [rows], numbers of languages.
            names: the languages' keys.
        """
        bits = np.full(len(column), np.nan, np.float32)
        characters = np.zeros(len(column), np.int64)
        paths = self.paths()
        chosen = [name if name in paths else DEFAULT for name in names]
        for key, path in paths.items():
            wanted = living & np.array([name == key for name in chosen], np.bool_)[codes]
            if not wanted.any():
                continue
            if path.endswith(ENDING):
                self._by_characters(path, column, wanted, bits, characters)
            else:
                kenlm_model.write_bits(
                    path, column, wanted, self.kenlm_words, self.windows, self.window_bytes,
                    bits, characters,
                )  # fmt: skip
        bits[characters < self.min_characters] = np.nan
        return bits

    def _by_characters(
        self, path: str, column: pa.Array, wanted: np.ndarray, bits: np.ndarray,
        characters: np.ndarray,
    ) -> None:  # fmt: skip
        from stages.perplexity.character_kernels import bits_per_character
        from stages.perplexity.symbols import symbol_table

        model = character_model.load(path)
        bits_per_character(
            *text_buffers(column), wanted, self.windows, self.window_bytes, *symbol_table(),
            model.table, model.order, model.unseen, bits, characters,
        )  # fmt: skip


def _files_of(folder: str) -> dict[str, str]:
    """Language -> file of a folder of ``<language>.npz``.

    Raises:
        ValueError: there is none.
    """
    from formats.listing import NoFiles, list_files

    try:
        files = list_files([f"{folder.rstrip('/')}/*{ENDING}"])
    except NoFiles as error:
        raise ValueError(f"perplexity.folder: no <language>{ENDING} in {folder!r}") from error
    return {file.relative_path.removesuffix(ENDING): file.path for file in files}
