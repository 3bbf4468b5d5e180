"""A trained quality model on disk: a folder with ``model.json`` and fastText files.

    model.json      how texts are prepared; per language (or as ``default``) the file, its positive
                    label, and the calibration
    default.ftz     a fastText classifier, or one per language: en.bin, zh.bin

A fastText file by itself (``.bin``, ``.ftz``) is a model too: texts are read as they stand, nothing
is calibrated, and the recipe says which label is the good one.
"""

from __future__ import annotations

import difflib
import json
from functools import cache
from pathlib import PurePosixPath
from typing import Any, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from formats.storage import file_size, open_input
from stages.language.fasttext_model import FastTextModel, load_model
from stages.quality_model.calibration import Calibration
from stages.quality_model.tokens import Preparation

DESCRIPTION = "model.json"
DEFAULT = "default"
ENDINGS = (".bin", ".ftz")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PreparationSettings(_Part):
    """How a text is prepared: see ``tokens.prepared``."""

    tokens: Preparation = Field(
        default="words", description="`words`, or `none`: texts as they stand."
    )
    windows: int = Field(
        default=0, ge=0, description="In how many windows a long document is read; 0: whole."
    )
    window_bytes: int = Field(default=400, ge=40, description="Bytes of a window.")


class Classifier(_Part):
    """One fastText file of the folder."""

    file: str = Field(description="Its name in the folder.", pattern=r"^[\w.-]+$")
    positive: str = Field(description="The label of good documents, without __label__.")
    calibration: Calibration = Field(
        default=Calibration(kind="none"), description="From its score to a probability."
    )


class ModelDescription(_Part):
    """``model.json``."""

    version: int = Field(default=1, ge=1, le=1, description="Of this layout.")
    preparation: PreparationSettings = Field(
        default=PreparationSettings(),
        description="The same in training and prediction.",
    )
    models: dict[str, Classifier] = Field(
        description="Language -> classifier; `default`: of all languages without their own."
    )

    @model_validator(mode="after")
    def _has_models(self) -> Self:
        if not self.models:
            raise ValueError("models is empty: name a classifier as `default`, or by language")
        return self


class ModelFolderError(ValueError):
    """A quality model cannot be used; the message says which file and why."""


def describe(
    model: str, positive: str | None, preparation: PreparationSettings | None = None
) -> ModelDescription:
    """What a folder's ``model.json`` says, or the same for a lone fastText file.

    Args:
        model: path of a folder or of a file.
        positive: the good label of a lone file; None: what the folder says.
        preparation: of a lone file.

    Raises:
        ModelFolderError: neither is there, or the description is wrong.
    """
    if model.endswith(ENDINGS):
        if file_size(model) is None:
            raise ModelFolderError(f"quality model {model!r}: there is no such file")
        label = positive or _other_label(model)
        part = Classifier(file=PurePosixPath(model).name, positive=label)
        return ModelDescription(
            models={DEFAULT: part}, preparation=preparation or PreparationSettings(tokens="none")
        )
    path = f"{model.rstrip('/')}/{DESCRIPTION}"
    try:
        with open_input(path) as stream:
            found = json.loads(stream.read())
    except (FileNotFoundError, NotADirectoryError):
        raise ModelFolderError(
            f"quality model {model!r}: neither a fastText file (.bin, .ftz) nor a folder with a "
            f"{DESCRIPTION}; `python -m pipeline train-quality` writes one"
        ) from None
    except ValueError as error:
        raise ModelFolderError(f"{path}: not JSON: {error}") from error
    try:
        return ModelDescription.model_validate(found)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ModelFolderError(f"{path}: {place}: {first['msg']}") from error


def file_of(model: str, part: Classifier) -> str:
    """Path of a classifier's fastText file."""
    return model if model.endswith(ENDINGS) else f"{model.rstrip('/')}/{part.file}"


@cache
def load_labelled(path: str, positive: str) -> tuple[FastTextModel, int, np.ndarray]:
    """A fastText model, the number of its good label, and the way to it (``label_path``).

    Raises:
        ModelFolderError: it has no such label.
    """
    model = load_model(path)
    name = positive.removeprefix("__label__")
    if name not in model.labels:
        near = difflib.get_close_matches(name, model.labels, 1, 0.4)
        hint = f"did you mean {near[0]!r}? " if near else ""
        listed = ", ".join(model.labels[:20]) + (" …" if len(model.labels) > 20 else "")
        raise ModelFolderError(f"{path}: no label {name!r} ({hint}it has: {listed})")
    label = model.labels.index(name)
    return model, label, label_path(model.label_arrays.left, model.label_arrays.right, label)


def label_path(left: np.ndarray, right: np.ndarray, label: int) -> np.ndarray:
    """The way from the root of a Huffman tree to a label.

    Args:
        left: int32 [2 * labels - 1], children of each node, -1 at leaves; empty for softmax.
        right: int32, likewise.
        label: number of the label.

    Returns:
        int32: per inner node its number among inner nodes, doubled, plus 1 on the way to the
        right. Empty for softmax.
    """
    if len(left) == 0:
        return np.zeros(0, np.int32)
    labels = (len(left) + 1) // 2
    steps = []
    node = label
    while node != len(left) - 1:
        turns_right = node in right
        parent = int(np.flatnonzero((right if turns_right else left) == node)[0])
        steps.append(2 * (parent - labels) + int(turns_right))
        node = parent
    return np.array(steps[::-1], np.int32)


def _other_label(path: str) -> str:
    """The good label of a file for which none is named: there must be one called so."""
    labels = load_model(path).labels
    good = [name for name in labels if name in ("positive", "hq", "good", "1")]
    if len(good) != 1:
        listed = ", ".join(labels[:20])
        raise ModelFolderError(f"{path}: say which label is the good one, as `positive`: {listed}")
    return good[0]


def describe_as_json(description: ModelDescription) -> str:
    """``model.json``."""
    data: dict[str, Any] = description.model_dump(mode="json")
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"
