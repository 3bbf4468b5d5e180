"""A tokenizer of words beside the small shards: ``w5 w6`` are the ids 5 and 6."""

import hashlib
import json
from pathlib import Path

import tokenizers


def put_tokenizer(shards: str) -> Path:
    """Write it where the pipeline does, and its hash into the manifest; returns its folder."""
    words = ["<eos>", "<pad>", *(f"w{number}" for number in range(2, 64))]
    numbered = {word: number for number, word in enumerate(words)}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(numbered, unk_token="<pad>"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    contents = tokenizer.to_str().encode()
    folder = Path(shards).parent / "tokenizer"
    folder.mkdir()
    (folder / "tokenizer.json").write_bytes(contents)
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<eos>"})
    )
    path = Path(shards) / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["tokenizer_sha256"] = hashlib.sha256(contents).hexdigest()
    path.write_text(json.dumps(manifest))
    return folder
