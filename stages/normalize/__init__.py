"""One way to write the same text: Unicode form, invisible characters, line ends, mojibake.

normalize          the stage and its settings
columns            a column: inspect all, work on the few that need it until none changes
inspect_kernels    what a document needs, in one reading; character_kernels: what one character
rewrite_kernels    characters taken away, line ends, blanks; columns put together
character_rules    the sets of characters behind the kernels' table
mojibake           wrong decodings undone; legacy_letters: old encodings read as Latin-1
entities  arabic_forms  thai_lao  widths  blanks     one fold each, on one text
changes            the kinds of change by name (``change_names``); change_kernels: their bits
"""
