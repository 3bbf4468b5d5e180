"""Width variants and runs of blanks: the folds that are off by default."""

from stages.normalize.blanks import collapse_blanks
from stages.normalize.widths import narrow_latin, widen_kana


def test_half_width_words_are_widened_and_faces_stay():
    assert widen_kana("ﾊﾟｿｺﾝとｶﾞﾗｽ (ﾟ∀ﾟ) ｱ") == "パソコンとガラス (ﾟ∀ﾟ) ｱ"


def test_full_width_punctuation_stays():
    assert narrow_latin("ＡＢＣ１２３，“。”！") == "ABC123，“。”！"


def test_runs_inside_lines_collapse_and_indentation_stays():
    assert collapse_blanks("    a  \t b\u3000\u3000c  \n  d") == "    a b c  \n  d"
