"""Text and machines that misbehave: nothing is lost, nothing hangs, nothing is done twice."""

import json
import os
import signal
import subprocess
import sys
import time
import unicodedata
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from formats.tokenizer_files import read_tokenizer_files
from stages.tokens.encoder import Encoder
from tokenizer_train.__main__ import main
from tokenizer_train.documents import input_documents
from tokenizer_train.settings import TokenizerOptions
from tokenizer_train.train import train

ROOT = Path(__file__).resolve().parents[2]
TEXT = "The rain in Spain stays mainly in the plain; it's 42 degrees. ฝนตกในที่ราบ 西班牙的雨。"
UNASSIGNED = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) == "Cn"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tokenizer")
    rows = (json.dumps({"text": TEXT[n % 60 :] + TEXT}) for n in range(80))
    (folder / "a.jsonl").write_text("\n".join(rows))
    documents = input_documents([str(folder / "a.jsonl")])
    train(documents, str(folder), TokenizerOptions(vocab=320))
    return folder


@settings(max_examples=200)
@given(st.text(st.one_of(st.characters(), st.sampled_from(UNASSIGNED))))
def test_unassigned_characters_come_back(folder: Path, text: str) -> None:
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    text = text.encode("utf-8", "replace").decode()
    assert tokenizer.decode(tokenizer.encode(text).ids, skip_special_tokens=False) == text


def test_all_planes_come_back_from_our_encoder(folder: Path) -> None:
    """Every code point there can be in a text, by a run's encoder and the ranks of tiktoken."""
    from base64 import b64decode

    texts = [
        "".join(map(chr, range(start, start + 0x1000)))
        for start in range(0, 0x110000, 0x1000)
        if not 0xD000 <= start < 0xE000
    ]
    ids, offsets = Encoder(read_tokenizer_files(str(folder))).encode(
        pa.array(texts, pa.large_string())
    )
    lines = (folder / "tokenizer.tiktoken").read_text().splitlines()
    spelled = [b64decode(line.split()[0]) for line in lines]
    for number, text in enumerate(texts):
        document = ids[offsets[number] : offsets[number + 1] - 1]
        assert b"".join(spelled[token] for token in document) == text.encode()


@given(st.binary(max_size=40))
def test_bytes_that_are_no_text_have_ids_and_come_back(folder: Path, data: bytes) -> None:
    """A byte is an entry, so ids spell any bytes; what is no UTF-8 decodes to U+FFFD."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    from formats.byte_letters import printable
    from tokenizer_train.merging.alphabet import id_of_byte

    ids = [int(id_of_byte()[byte]) for byte in data]
    letters = [tokenizer.id_to_token(token) for token in ids]
    assert bytes(printable().index(letter) for letter in letters) == data
    assert tokenizer.decode(ids) == data.decode(errors="replace")


def test_lone_surrogates_in_json_are_set_aside_and_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    r"""JSON can write ``\ud800`` alone; UTF-8 cannot, so the record is bad input, never altered."""
    path = tmp_path / "a.jsonl"
    good = json.dumps({"text": TEXT * 3})
    path.write_text("\n".join([good] * 50 + ['{"text": "half \\ud800 a pair"}'] + [good] * 50))
    out = str(tmp_path / "out")
    assert main(["--vocab", "280", "--out", out, str(path)]) == 1
    assert f"{path}:51" in capsys.readouterr().err
    assert main(["--vocab", "280", "--skip-bad-input", "--out", out, str(path)]) == 0
    assert "records not read: 1 " in capsys.readouterr().err


@pytest.mark.parametrize("unit", ["a", "中文字", "กขคงจ", "0123456789", "-="])
def test_ten_megabytes_without_a_space(folder: Path, tmp_path: Path, unit: str) -> None:
    """Trained on, and encoded: both would never end if either were quadratic."""
    text = unit * (10_000_000 // len(unit.encode()))
    (tmp_path / "long.txt").write_text(text)
    documents = input_documents([str(tmp_path / "long.txt")])
    report = train(documents, str(tmp_path / "out"), TokenizerOptions(vocab=300))
    assert report.training["sample"]["used_bytes"] == len(text.encode())
    encoder = Encoder(read_tokenizer_files(str(folder)))
    assert encoder.backend == "native"
    ids, offsets = encoder.encode(pa.array([text], pa.large_string()))
    lines = (folder / "tokenizer.tiktoken").read_text().splitlines()
    from base64 import b64decode

    sizes = [len(b64decode(line.split()[0])) for line in lines] + [0, 0]
    assert sum(sizes[token] for token in ids.tolist()) == len(text.encode())
    assert offsets.tolist() == [0, len(ids)]


def test_a_count_killed_outright_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    """SIGKILL once the first task is recorded: the second start keeps it, and ends the same."""
    for number in range(6):
        rows = (json.dumps({"text": f"{TEXT}{number} {n * n}"}) for n in range(30_000))
        (tmp_path / f"{number}.jsonl").write_text("\n".join(rows))
    files = sorted(str(path) for path in tmp_path.glob("*.jsonl"))
    small_tasks = (
        "import sys, tokenizer_train.counting.tasks as t; t.STORED_BYTES_PER_TASK = 1;"
        "from tokenizer_train.__main__ import main; sys.exit(main(sys.argv[1:]))"
    )

    def command(out: str) -> list[str]:
        given = ["--vocab", "320", "--workers", "1", "--out", str(tmp_path / out)]
        return [sys.executable, "-c", small_tasks, *given, *files]

    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(command("whole"), cwd=ROOT, env=environment, check=True, capture_output=True)
    records = tmp_path / "killed" / "counts" / "records"
    process = subprocess.Popen(
        command("killed"), cwd=ROOT, env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while process.poll() is None and not list(records.glob("count-*.json")):
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    done = {path: path.stat().st_mtime_ns for path in records.glob("count-*.json")}
    assert 0 < len(done) < 6
    subprocess.run(command("killed"), cwd=ROOT, env=environment, check=True, capture_output=True)
    assert all(path.stat().st_mtime_ns == written for path, written in done.items())
    for name in ("tokenizer.json", "training.json", "README.md", "counts/counts.arrow"):
        whole, resumed = ((tmp_path / out / name).read_bytes() for out in ("whole", "killed"))
        assert whole == resumed
