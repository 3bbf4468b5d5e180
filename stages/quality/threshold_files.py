"""What ``thresholds: PATH`` of ``quality`` points to: FineWeb-2's folder, or a calibration."""

from __future__ import annotations

from stages.quality import fineweb2
from stages.quality.calibration import calibration_of
from stages.quality.fineweb2 import ENDINGS, LanguageFile


def list_files(path: str) -> list[str]:
    """The files that are read: that of a calibration, or all of a folder.

    Raises:
        ValueError: there is no such folder, or no file in it.
    """
    return [path] if path.endswith(ENDINGS) else fineweb2.list_files(path)


def read_thresholds(path: str) -> dict[str, LanguageFile]:
    """Thresholds and stop words by language.

    Args:
        path: a folder of ``<language>.yml``, or the file that ``calibrate`` wrote.

    Raises:
        ValueError: as ``fineweb2.read_folder`` and ``calibration.load_calibration``.
    """
    if not path.endswith(ENDINGS):
        return fineweb2.read_folder(path)
    return {
        language: LanguageFile(path, dict(own.thresholds), own.stop_words)
        for language, own in calibration_of(path).languages.items()
    }
