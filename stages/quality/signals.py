"""The signals of each preset by name, in the order in which its kernel writes them.

Each is a column ``signal_<name>`` of the documents, and a name in ``expressions``. A word of ours
is a run of letters and digits, or a part of a word where scripts have no spaces
(``sizes_kernels``); lines are those with a word in them, and shares of lines are null below four.
"""

from __future__ import annotations

OWN = {
    "words": "Words.",
    "mean_word_length": "Characters of a word.",
    "hash_signs": "Hash signs for each word, those of headings left out.",
    "ellipses": "Ellipses for each word.",
    "bullet_lines": "Share of lines that begin with a bullet.",
    "ellipsis_lines": "Share of lines that end with an ellipsis.",
    "letter_words": "Share of words with a letter.",
    "stop_words": "Distinct stop words of the language (null: it has no list).",
    "duplicate_paragraphs": "Share of paragraphs that stand further up already.",
    "duplicate_paragraph_characters": "Share of characters in such paragraphs.",
    "duplicate_lines": "Share of lines that stand further up already.",
    "duplicate_line_characters": "Share of characters in such lines.",
    "top_2_gram": "Share of characters in the most frequent two words, if they repeat.",
    "top_3_gram": "The same of three words.",
    "top_4_gram": "The same of four words.",
    "duplicate_5_grams": "Share of characters in five words met before.",
    "duplicate_6_grams": "The same of six words.",
    "duplicate_7_grams": "The same of seven words.",
    "duplicate_8_grams": "The same of eight words.",
    "duplicate_9_grams": "The same of nine words.",
    "duplicate_10_grams": "The same of ten words.",
    "lorem_ipsum_lines": "Share of lines with “lorem ipsum”.",
    "longest_word": "Characters of the longest word.",
    "javascript_lines": "Share of lines that mention JavaScript.",
    "policy_lines": "Share of lines about cookies, privacy or terms of use.",
    "brace_lines": "Share of lines with a brace.",
    "link_lines": "Share of words, addresses left out, in lines that are a link and no sentence.",
    "link_bytes": "Share of bytes in addresses.",
    "few_word_lines": "Share of words in lines with fewer than three.",
    "sentences": "Sentences of three words and more.",
    "terminal_lines": "Share of lines, or of paragraphs, in which a sentence ends.",
    "short_lines": "Share of lines of at most 30 characters (15 where there are no spaces).",
    "lines_per_word": "Lines for each word.",
    "bare_lines": "Share of lines that are short and have no bullet, no end mark and no code.",
    "code_lines": "Share of lines that look like a program's.",
    "punctuated_lines": "Share of lines that end with a mark, a comma say.",
    "mean_line_length": "Characters of a line.",
    "line_length_variation": "Standard deviation of that, over its mean.",
    "text_words": "Words that stand in no label, in a text of fewer than twelve (null from there).",
    "markup": "Share of bytes in tags of HTML or XML; 1 for a page as it is stored.",
    "key_value_lines": "Share of lines that read `some.key = value`.",
}
"""Name -> what it measures, of our own definitions (``quality_kernels``; ``MACHINE``)."""

MACHINE = ("markup", "key_value_lines")
"""The last of them, which a pass of their own measures (``machine_kernels``)."""

DATATROVE = (
    "words", "mean_word_length", "hash_signs", "ellipses", "bullet_lines", "ellipsis_lines",
    "letter_words", "stop_words", "duplicate_paragraphs", "duplicate_paragraph_characters",
    "duplicate_lines", "duplicate_line_characters", "top_2_gram", "top_3_gram", "top_4_gram",
    "duplicate_5_grams", "duplicate_6_grams", "duplicate_7_grams", "duplicate_8_grams",
    "duplicate_9_grams", "duplicate_10_grams", "lorem_ipsum_lines", "brace_lines", "sentences",
    "terminal_lines", "short_lines", "duplicate_text_line_characters", "new_lines_per_word",
)  # fmt: skip
"""Of datatrove's definitions (``datatrove.signals_kernels``)."""
