"""A tokenizer's folder, as ``transformers`` and ``tokenizers`` load it.

tokenizer.json            vocabulary, merges, how text is cut and put together again
tokenizer_config.json     for ``transformers.AutoTokenizer.from_pretrained(folder)``
special_tokens_map.json   roles of the special tokens
training.json             how it was trained and what it reaches
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from formats.pretokenizers.patterns import is_gpt2
from formats.storage import atomic_path, filesystem
from formats.tokenizer_files import TOKENIZER_JSON
from tokenizer_train.learn import Vocabulary
from tokenizer_train.settings import SpecialTokens, TokenizerOptions

NO_LIMIT = int(1e30)
"""``transformers``' way to say that a tokenizer itself sets no longest text."""
TRAINING_JSON = "training.json"


def build_tokenizer(vocabulary: Vocabulary, options: TokenizerOptions) -> Any:
    """A ``tokenizers.Tokenizer``: the vocabulary with the special tokens behind or before it.

    Raises:
        ValueError: a special token is also a token of text.
    """
    from tokenizers import AddedToken, Tokenizer, decoders, models

    special = options.special.in_order()
    learned = [token for token in special if token in vocabulary.ids]
    if learned:
        raise ValueError(
            f"special: {learned[0]!r} is also a token of ordinary text; choose another name, "
            "such as <|name|>"
        )
    ids = vocabulary.ids
    if options.special.place == "first":
        ids = {token: number for number, token in enumerate(special)}
        ids |= {token: len(special) + number for token, number in vocabulary.ids.items()}
    tokenizer: Any = Tokenizer(models.BPE(vocab=ids, merges=vocabulary.merges))
    tokenizer.pre_tokenizer = pre_tokenizer(options)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(
        [AddedToken(token, normalized=False, special=True) for token in special]
    )
    return tokenizer


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


def write_tokenizer(
    folder: str, tokenizer: Any, special: SpecialTokens, training: Mapping[str, Any]
) -> None:
    """Write the folder. ``tokenizer.json`` comes last: where it is, the others are whole.

    Args:
        folder: path or URL; files of an earlier tokenizer in it are replaced.
        tokenizer: a ``tokenizers.Tokenizer``.
        special: roles of the special tokens.
        training: the contents of training.json.
    """
    files, inner = filesystem(f"{folder}/{TOKENIZER_JSON}")
    if files.exists(inner):
        files.rm(inner)
    _write(f"{folder}/tokenizer_config.json", _as_json(_configuration(tokenizer, special)))
    _write(f"{folder}/special_tokens_map.json", _as_json(_token_roles(special)))
    _write(f"{folder}/{TRAINING_JSON}", _as_json(training))
    _write(f"{folder}/{TOKENIZER_JSON}", tokenizer.to_str(pretty=True))


def _token_roles(special: SpecialTokens) -> dict[str, Any]:
    """The roles under the names that ``transformers`` gives them."""
    roles: dict[str, Any] = {f"{role}_token": token for role, token in special.roles().items()}
    further = special.in_order()[len(special.roles()) :]
    return roles | ({"additional_special_tokens": further} if further else {})


def _configuration(tokenizer: Any, special: SpecialTokens) -> dict[str, Any]:
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": NO_LIMIT,
        "clean_up_tokenization_spaces": False,
        "add_bos_token": False,
        "add_eos_token": False,
        **_token_roles(special),
        "added_tokens_decoder": {
            str(tokenizer.token_to_id(token)): {
                "content": token,
                "lstrip": False,
                "normalized": False,
                "rstrip": False,
                "single_word": False,
                "special": True,
            }
            for token in special.in_order()
        },
    }


def _as_json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def _write(path: str, text: str) -> None:
    with atomic_path(path) as temporary:
        files, inner = filesystem(temporary)
        with files.open(inner, "wb") as stream:
            stream.write(text.encode())
