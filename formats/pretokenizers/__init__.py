"""How text is cut into pieces before merging: no token ever crosses a cut.

The cuts of a tokenizer are a contract on disk, the ``Split`` expressions of its ``tokenizer.json``:
who learns merges and who applies them must cut alike, and so must every other library.

patterns            the expressions by name, and ours for many languages
character_table     what each character is, as the engine of ``tokenizers`` sees it
characters_kernels  the same, character by character, inside kernels
ascii_kernels       plain words, eight bytes at a time
words_kernels       the steps that the patterns share
scan_kernels        a scanner for every named pattern: the cuts without a regular expression
scanner             texts in, cuts out, by kernel or by library
"""
