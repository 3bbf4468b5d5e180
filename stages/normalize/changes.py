"""The kinds of change that ``normalize`` counts, by name; and the settings that allow them."""

from __future__ import annotations

from stages.normalize import change_kernels as bits

CHANGES = "normalize_changes"
"""The column: an int32 sum of the bits of ``KINDS``."""

KINDS: dict[str, int] = {
    "controls_removed": bits.CONTROLS_REMOVED,
    "line_ends_changed": bits.LINE_ENDS_CHANGED,
    "invisible_removed": bits.INVISIBLE_REMOVED,
    "blanks_trimmed": bits.BLANKS_TRIMMED,
    "blank_lines_removed": bits.BLANK_LINES_REMOVED,
    "composed": bits.COMPOSED,
    "mojibake_repaired": bits.MOJIBAKE_REPAIRED,
    "entities_decoded": bits.ENTITIES_DECODED,
    "arabic_forms_folded": bits.ARABIC_FORMS_FOLDED,
    "thai_lao_ordered": bits.THAI_LAO_ORDERED,
    "bidi_removed": bits.BIDI_REMOVED,
    "joiners_removed": bits.JOINERS_REMOVED,
    "selectors_removed": bits.SELECTORS_REMOVED,
    "blanks_collapsed": bits.BLANKS_COLLAPSED,
    "kana_widened": bits.KANA_WIDENED,
    "latin_narrowed": bits.LATIN_NARROWED,
    "private_removed": bits.PRIVATE_REMOVED,
}
"""Name -> bit, in the order of the bits."""


def change_names(changes: int) -> list[str]:
    """The kinds in a value of ``normalize_changes``.

    >>> change_names(33)
    ['controls_removed', 'composed']
    """
    return [name for name, bit in KINDS.items() if changes & bit]
