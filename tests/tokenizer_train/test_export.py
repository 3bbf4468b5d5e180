"""The folder as others load it: ``transformers``, ``tiktoken``, and people."""

import base64
import json
from pathlib import Path

import pyarrow as pa
import pytest
from tokenizers import Tokenizer

from formats.quarantine import Quarantine
from formats.tokenizer_files import read_tokenizer_files
from formats.units import format_bytes
from stages.tokens.encoder import Encoder
from tokenizer_train.__main__ import main
from tokenizer_train.documents import Documents, input_documents
from tokenizer_train.export import padding_tokens
from tokenizer_train.model_card import escaped
from tokenizer_train.settings import SpecialTokens, TokenizerOptions
from tokenizer_train.train import train

TEXT = (
    "The rain in Spain stays mainly in the plain; it's 42 degrees. ฝนตกในที่ราบ 西班牙的雨 "
    "Although nobody expected thunder, everyone carried umbrellas yesterday afternoon, because "
    "forecasts promised interesting weather across several neighbouring provinces. "
)
TEMPLATE = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|endoftext|>{% endfor %}"


@pytest.fixture
def documents(tmp_path: Path) -> Documents:
    path = tmp_path / "odd |name| *of* a <file>.jsonl"
    lines = [json.dumps({"text": TEXT[n % 40 :] + TEXT, "lang": "en"}) for n in range(60)]
    path.write_text("\n".join(lines))
    return input_documents([str(path)])


def texts_of(documents: Documents) -> list[str]:
    quarantine = Quarantine()
    return [
        text
        for file in documents
        for batch in file.batches(quarantine)
        for text in batch.column("text").to_pylist()
    ]


@pytest.mark.parametrize(
    ("asked", "multiple", "slots"), [(400, 64, 48), (384, 64, 0), (400, 1, 0), (401, 7, 5)]
)
def test_the_embedding_is_padded_with_reserved_slots(
    documents: Documents, tmp_path: Path, asked: int, multiple: int, slots: int
) -> None:
    options = TokenizerOptions(
        vocab=asked, pad_to_multiple=multiple, special=SpecialTokens(reserved=2)
    )
    report = train(documents, str(tmp_path / "out"), options)
    assert report.vocab_size == asked + slots
    assert report.training["vocabulary"]["padding"] == slots
    tokenizer = Tokenizer.from_file(str(tmp_path / "out" / "tokenizer.json"))
    assert tokenizer.get_vocab_size() == asked + slots
    if slots:
        assert tokenizer.id_to_token(asked) == "<|reserved_2|>"
        told = f"{asked} entries and {slots} reserved slots behind them make {asked + slots}"
        assert told in report.notes[0]
    else:
        assert report.notes == []


def test_padding_takes_no_name_twice() -> None:
    special = SpecialTokens(extra=["<|reserved_0|>", "<|reserved_2|>"])
    options = TokenizerOptions(special=special, pad_to_multiple=10)
    assert padding_tokens(297, options) == ["<|reserved_1|>", "<|reserved_3|>", "<|reserved_4|>"]


def test_chat_template_and_longest_text(documents: Documents, tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    (tmp_path / "chat.jinja").write_text(TEMPLATE)
    (tmp_path / "special.yaml").write_text("extra: ['<|user|>']\n")
    status = main(
        ["--vocab", "400", "--out", str(tmp_path / "out"), documents[0].path,
         "--chat-template", str(tmp_path / "chat.jinja"), "--model-max-length", "4096",
         "--special", str(tmp_path / "special.yaml")]
    )  # fmt: skip
    assert status == 0
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(tmp_path / "out"))
    assert tokenizer.model_max_length == 4096
    talk = [{"role": "user", "content": "rain"}]
    assert tokenizer.apply_chat_template(talk, tokenize=False) == "<|user|>rain<|endoftext|>"
    ids = tokenizer("<|user|>rain<|endoftext|>").input_ids
    assert (ids[0], ids[-1]) == (399, tokenizer.eos_token_id)


def test_tokens_that_a_chat_template_invents_are_told(documents: Documents, tmp_path: Path) -> None:
    options = TokenizerOptions(vocab=400, chat_template="<|im_start|>{{ x }}<|endoftext|>")
    [note] = train(documents, str(tmp_path / "out"), options).notes
    assert note.startswith("chat_template: <|im_start|> will be cut like any text")


@pytest.mark.parametrize("place", ["first", "last"])
@pytest.mark.parametrize("pretokenizer", ["o200k", "cl100k", "llama3", "gpt2", "polymill"])
def test_ranks_are_the_ids_of_the_vocabulary(
    documents: Documents, tmp_path: Path, pretokenizer: str, place: str
) -> None:
    special = SpecialTokens(place=place)
    options = TokenizerOptions(vocab=400, pretokenizer=pretokenizer, special=special)
    train(documents, str(tmp_path / "out"), options)
    tokenizer = Tokenizer.from_file(str(tmp_path / "out" / "tokenizer.json"))
    lines = (tmp_path / "out" / "tokenizer.tiktoken").read_bytes().splitlines()
    assert len(lines) == 398
    for line in lines:
        token, rank = line.split()
        assert tokenizer.decoder.decode([tokenizer.id_to_token(int(rank))]) == base64.b64decode(
            token
        ).decode(errors="replace")


@pytest.mark.parametrize("pretokenizer", ["o200k", "cl100k", "llama3", "qwen2", "gpt2"])
def test_tiktoken_gives_the_same_ids(
    documents: Documents, tmp_path: Path, pretokenizer: str
) -> None:
    tiktoken = pytest.importorskip("tiktoken")
    from tiktoken.load import load_tiktoken_bpe

    options = TokenizerOptions(vocab=430, pretokenizer=pretokenizer)
    train(documents, str(tmp_path / "out"), options)
    encoding = tiktoken.Encoding(
        "ours",
        pat_str=options.splits[0],
        mergeable_ranks=load_tiktoken_bpe(str(tmp_path / "out" / "tokenizer.tiktoken")),
        special_tokens={"<|endoftext|>": 428, "<|pad|>": 429},
    )
    tokenizer = Tokenizer.from_file(str(tmp_path / "out" / "tokenizer.json"))
    for text in texts_of(documents)[:20]:
        assert encoding.encode_ordinary(text) == tokenizer.encode(text).ids


def test_the_card_tells_what_made_the_tokenizer(documents: Documents, tmp_path: Path) -> None:
    report = train(documents, str(tmp_path / "out"), TokenizerOptions(vocab=400))
    card = (tmp_path / "out" / "README.md").read_text()
    assert card.startswith("# A tokenizer of 400 entries\n")
    assert report.sha256 in card
    assert "| odd \\|name\\| \\*of\\* a \\<file\\>.jsonl |" in card
    assert "| \\<\\|endoftext\\|\\> | 398 |" in card
    assert f"| en | 60 | {format_bytes(report.training['languages']['en']['text_bytes'])} |" in card
    assert str(tmp_path) not in card


def test_equal_trainings_write_equal_cards(documents: Documents, tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text(TEXT)
    both = [*documents, *input_documents([str(tmp_path / "b.txt")])]
    options = TokenizerOptions(vocab=400)
    train(both, str(tmp_path / "one"), options)
    train(both[::-1], str(tmp_path / "two"), options)
    cards = [(tmp_path / name / "README.md").read_bytes() for name in ("one", "two")]
    assert cards[0] == cards[1]


def test_no_name_makes_markdown() -> None:
    assert escaped("a|b `c` <d>\n\u202e") == r"a\|b \`c\` \<d\>\\n\\u202e"


def test_transformers_and_our_encoder_agree_on_real_text(
    development_data: Path, tmp_path: Path
) -> None:
    """Six languages; what ends a document is added by the encoder, and nothing by the other."""
    transformers = pytest.importorskip("transformers")
    documents = input_documents([str(development_data / "bilingual_fastapi-docs.jsonl.zst")])
    train(documents, str(tmp_path), TokenizerOptions(vocab=4000, sample_bytes="2MB"))
    files = read_tokenizer_files(str(tmp_path))
    encoder = Encoder(files)
    assert encoder.backend == "native", encoder.reason
    texts = [text[:20_000] for text in texts_of(documents)[:150]]
    ids, offsets = encoder.encode(pa.array(texts, pa.large_string()))
    loaded = transformers.AutoTokenizer.from_pretrained(str(tmp_path))
    for number, found in enumerate(loaded(texts, split_special_tokens=True).input_ids):
        ours = ids[offsets[number] : offsets[number + 1]].tolist()
        assert ours == [*found, files.eos_id]
