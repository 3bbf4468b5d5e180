"""The vocabulary as ``tiktoken`` loads it: a line per token, its bytes in base64 and its rank.

``tiktoken`` merges any two neighbours whose joined bytes are a token, the lowest rank first, where
a ``tokenizer.json`` lists the pairs that may be merged; and it knows one regular expression only.
So its ids are those of tokenizer.json where the cuts are one expression; where they are two or
more, the file holds the vocabulary all the same, for whoever cuts text first.

Source of the format: github.com/openai/tiktoken, tiktoken/load.py.
"""

from __future__ import annotations

from base64 import b64encode

from formats.byte_letters import printable
from tokenizer_train.learn import Vocabulary


def ranks_file(vocabulary: Vocabulary, first_id: int) -> str:
    """The contents of a ``.tiktoken`` file; ranks are the ids of tokenizer.json.

    Args:
        vocabulary: what was learned.
        first_id: of the tokens of text: special tokens may come before them.
    """
    byte_of = {letter: byte for byte, letter in enumerate(printable())}
    lines = [
        f"{b64encode(bytes(byte_of[letter] for letter in token)).decode()} {first_id + number}\n"
        for token, number in sorted(vocabulary.ids.items(), key=lambda entry: entry[1])
    ]
    return "".join(lines)
