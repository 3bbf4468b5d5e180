"""A tokenizer's folder, as ``transformers``, ``tokenizers`` and ``tiktoken`` load it.

tokenizer.json            vocabulary, merges, how text is cut and put together again
tokenizer_config.json     for ``transformers.AutoTokenizer.from_pretrained(folder)``
special_tokens_map.json   roles of the special tokens
tokenizer.tiktoken        the vocabulary as ``tiktoken`` loads it
training.json             how it was trained and what it reaches
README.md                 the same for people
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from formats.pretokenizers.patterns import is_gpt2
from formats.storage import atomic_path, filesystem, remove
from formats.tokenizer_files import SENTENCEPIECE_MODEL, TOKENIZER_JSON
from tokenizer_train.learn import Vocabulary
from tokenizer_train.settings import SpecialTokens, TokenizerOptions

NO_LIMIT = int(1e30)
"""``transformers``' way to say that a tokenizer itself sets no longest text."""
TRAINING_JSON = "training.json"
RANKS_FILE = "tokenizer.tiktoken"
MODEL_CARD = "README.md"


def padding_tokens(entries: int, options: TokenizerOptions) -> list[str]:
    """The reserved slots that fill a vocabulary up to ``pad_to_multiple``, numbered on.

    Args:
        entries: of the vocabulary, special tokens included.
        options: the multiple, and the special tokens there are.
    """
    taken = set(options.special.in_order())
    missing = -entries % options.pad_to_multiple
    numbers = range(options.special.reserved, options.special.reserved + missing + len(taken))
    names = (f"<|reserved_{number}|>" for number in numbers)
    return [name for name in names if name not in taken][:missing]


def build_tokenizer(
    vocabulary: Vocabulary, options: TokenizerOptions, padding: Sequence[str]
) -> Any:
    """A ``tokenizers.Tokenizer``: the vocabulary with the special tokens behind or before it.

    Args:
        vocabulary: what was learned.
        options: special tokens, and how text is cut.
        padding: ``padding_tokens``; they take the last ids wherever the other special tokens are.

    Raises:
        ValueError: a special token is also a token of text.
    """
    from tokenizers import AddedToken, Tokenizer, decoders, models

    special = options.special.in_order()
    learned = [token for token in [*special, *padding] if token in vocabulary.ids]
    if learned:
        raise ValueError(
            f"special: {learned[0]!r} is also a token of ordinary text; choose another name, "
            "such as <|name|>"
        )
    ids = vocabulary.ids
    if first_text_id(options):
        ids = {token: number for number, token in enumerate(special)}
        ids |= {token: len(special) + number for token, number in vocabulary.ids.items()}
    tokenizer: Any = Tokenizer(models.BPE(vocab=ids, merges=vocabulary.merges))
    tokenizer.pre_tokenizer = pre_tokenizer(options)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(
        [AddedToken(token, normalized=False, special=True) for token in [*special, *padding]]
    )
    return tokenizer


def first_text_id(options: TokenizerOptions) -> int:
    """The id of the first token of text."""
    return len(options.special.in_order()) if options.special.place == "first" else 0


def pre_tokenizer(options: TokenizerOptions) -> Any:
    """Cut by the expressions of the pattern, then bytes as printable characters."""
    from tokenizers import Regex, pre_tokenizers

    if is_gpt2(options.pretokenizer, options.digits):
        return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    steps: list[Any] = [
        pre_tokenizers.Split(Regex(expression), "isolated") for expression in options.splits
    ]
    steps.append(pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False))
    return pre_tokenizers.Sequence(steps)


def tokenizer_contents(
    tokenizer: Any, options: TokenizerOptions, padding: Sequence[str]
) -> dict[str, str]:
    """What ``transformers`` reads: names of files and their contents.

    Args:
        tokenizer: a ``tokenizers.Tokenizer``.
        options: roles of the special tokens, longest text, chat template.
        padding: ``padding_tokens``.
    """
    return {
        "tokenizer_config.json": as_json(_configuration(tokenizer, options, padding)),
        "special_tokens_map.json": as_json(_token_roles(options.special, padding)),
        TOKENIZER_JSON: tokenizer.to_str(pretty=True),
    }


def write_folder(folder: str, contents: Mapping[str, str | bytes]) -> None:
    """Write the folder. ``tokenizer.json`` comes last: where it is, the others are whole.

    Args:
        folder: path or URL; files of an earlier tokenizer in it are replaced or removed.
        contents: name -> contents of each file.
    """
    for name in (TOKENIZER_JSON, SENTENCEPIECE_MODEL, RANKS_FILE):
        remove(f"{folder}/{name}")
    for name in sorted(contents, key=lambda name: name == TOKENIZER_JSON):
        content = contents[name]
        with atomic_path(f"{folder}/{name}") as temporary:
            files, inner = filesystem(temporary)
            with files.open(inner, "wb") as stream:
                stream.write(content.encode() if isinstance(content, str) else content)


def as_json(value: Mapping[str, Any]) -> str:
    """JSON for people to read."""
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def _token_roles(special: SpecialTokens, padding: Sequence[str]) -> dict[str, Any]:
    """The roles under the names that ``transformers`` gives them."""
    roles: dict[str, Any] = {f"{role}_token": token for role, token in special.roles().items()}
    further = [*special.in_order()[len(special.roles()) :], *padding]
    return roles | ({"additional_special_tokens": further} if further else {})


def _configuration(
    tokenizer: Any, options: TokenizerOptions, padding: Sequence[str]
) -> dict[str, Any]:
    template = {} if options.chat_template is None else {"chat_template": options.chat_template}
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": options.model_max_length or NO_LIMIT,
        "clean_up_tokenization_spaces": False,
        "add_bos_token": False,
        "add_eos_token": False,
        **_token_roles(options.special, padding),
        **template,
        "added_tokens_decoder": {
            str(tokenizer.token_to_id(token)): {
                "content": token,
                "lstrip": False,
                "normalized": False,
                "rstrip": False,
                "single_word": False,
                "special": True,
            }
            for token in [*options.special.in_order(), *padding]
        },
    }
