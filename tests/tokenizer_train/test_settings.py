import pytest
from pydantic import ValidationError

from tokenizer_train.settings import SpecialTokens, TokenizerOptions


def test_the_recipe_s_line() -> None:
    options = TokenizerOptions.model_validate(
        {"vocab": 100534, "sample_bytes": "200GB", "language_temperature": 0.3}
    )
    assert options.sample_bytes == 200_000_000_000
    assert options.special.in_order() == ["<|endoftext|>", "<|pad|>"]
    assert TokenizerOptions.model_validate(options.model_dump(mode="json")) == options


def test_special_tokens_keep_the_order_of_their_ids() -> None:
    special = SpecialTokens(bos="<|bos|>", extra=["<|user|>", "<|reply|>"])
    assert special.in_order() == ["<|endoftext|>", "<|pad|>", "<|bos|>", "<|user|>", "<|reply|>"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"vocab": 257}, "257 is too small; 256 bytes and 2 special tokens already make 258"),
        ({"sample_bytes": "a lot"}, "is not a size such as 512MB"),
        ({"pretokenizer": "qwen3"}, "did you mean 'qwen2'"),
        ({"special": {"pad": "<|endoftext|>"}}, "given twice"),
        ({"language_temperature": 3}, "less than or equal to 1"),
        ({"language_shares": {"en": -1}}, "greater than or equal to 0"),
        ({"backend": "tokenizers", "merges": "aligned"}, "aligned needs the backend native"),
        ({"vocabulary": 1000}, "Extra inputs are not permitted"),
    ],
)
def test_mistakes(values: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        TokenizerOptions.model_validate(values)


def test_merges_are_aligned_where_the_backend_can() -> None:
    assert TokenizerOptions().aligned
    assert not TokenizerOptions(merges="plain").aligned
    assert not TokenizerOptions(backend="tokenizers").aligned


def test_reserved_slots_have_names() -> None:
    special = SpecialTokens(reserved=2)
    assert special.in_order()[2:] == ["<|reserved_0|>", "<|reserved_1|>"]
