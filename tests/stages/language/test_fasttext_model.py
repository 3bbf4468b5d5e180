"""A model read by us answers as the same file read by fastText's own library."""

import random

import fasttext
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.language.fasttext_model import (
    ModelError,
    huffman_tree,
    load_model,
    model_path,
    parse_model,
)

from ..language_texts import LETTERS, any_text, assert_same_answers, model_answers

FORMS = {
    "softmax": {"loss": "softmax", "minn": 2, "maxn": 4, "dim": 10},
    "hierarchical": {"loss": "hs", "minn": 1, "maxn": 3, "dim": 16},
    "long n-grams": {"loss": "softmax", "minn": 3, "maxn": 6, "dim": 8},
    "words": {"loss": "softmax", "minn": 0, "maxn": 0, "dim": 8},
    "word n-grams": {"loss": "softmax", "minn": 2, "maxn": 3, "wordNgrams": 3, "dim": 20},
    "word n-grams only": {"loss": "hs", "minn": 0, "maxn": 0, "wordNgrams": 2, "dim": 16},
}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Made-up languages: each writes random words over one of the alphabets."""
    chance = random.Random(5)
    path = tmp_path_factory.mktemp("corpus") / "train.txt"
    with path.open("w", encoding="utf-8") as file:
        for _ in range(400):
            number = chance.randrange(12)
            letters = LETTERS[number].replace(" ", "")
            words = ["".join(chance.choices(letters, k=chance.randint(1, 6))) for _ in range(12)]
            file.write(f"__label__l{number} {' '.join(words)}\n")
    return path


@pytest.fixture(scope="module", params=FORMS)
def trained(request, corpus, tmp_path_factory):
    """A small classifier of one form, and the folder it stands in."""
    model = fasttext.train_supervised(
        str(corpus), bucket=2000, epoch=3, minCount=1, thread=1, verbose=0, **FORMS[request.param]
    )
    folder = tmp_path_factory.mktemp("model")
    model.save_model(str(folder / "model.bin"))
    return model, folder


def sample(seed=1, count=60):
    chance = random.Random(seed)
    return [
        " ".join(
            "".join(chance.choices(chance.choice(LETTERS), k=chance.randint(1, 25)))
            for _ in range(chance.randint(1, 8))
        )
        for _ in range(count)
    ]


def test_dense_models(trained):
    reference, folder = trained
    assert_same_answers(load_model(str(folder / "model.bin")), reference, sample())


@pytest.mark.parametrize(
    "options",
    [
        {"qnorm": False},
        {"qnorm": True, "cutoff": 300},
        {"qnorm": True, "dsub": 4, "cutoff": 300},
    ],
    ids=["all rows", "pruned, norms apart", "other parts"],
)
def test_quantised_models(trained, corpus, options):
    _, folder = trained
    path = str(folder / f"model-{len(options)}-{options['qnorm']}.ftz")
    reference = fasttext.load_model(str(folder / "model.bin"))
    reference.quantize(input=str(corpus), retrain=False, verbose=0, **options)
    reference.save_model(path)
    assert_same_answers(load_model(path), fasttext.load_model(path), sample())


@pytest.mark.parametrize("loss", ["softmax", "hs"])
def test_a_quantised_output_matrix(loss, tmp_path):
    lines = [f"__label__l{i} word{i} word{i % 7} common\n" for i in range(300)] * 2
    corpus, path = tmp_path / "train.txt", str(tmp_path / "model.ftz")
    corpus.write_text("".join(lines))
    options = {"dim": 8, "minn": 2, "maxn": 3, "bucket": 1000, "epoch": 60, "lr": 1.0}
    reference = fasttext.train_supervised(str(corpus), loss=loss, thread=1, verbose=0, **options)
    reference.quantize(input=str(corpus), qout=True, qnorm=True)
    reference.save_model(path)
    texts = [f"word{i} common" for i in range(0, 300, 7)]
    assert_same_answers(load_model(path), fasttext.load_model(path), texts)


@pytest.fixture(scope="module")
def packaged():
    path = model_path("lid.176")
    return load_model(path), fasttext.load_model(path)


def test_the_packaged_model_names_languages(packaged):
    model, _ = packaged
    assert len(model.labels) == 176
    [(label, score)] = model_answers(model, ["The quick brown fox jumps over the lazy dog."])
    assert label == "en"
    assert score > 0.6


@settings(max_examples=150, deadline=None)
@given(st.lists(any_text.filter(bool), min_size=1, max_size=5))
def test_any_string_gets_the_library_s_answer(packaged, texts):
    assert_same_answers(*packaged, texts)


def test_a_very_long_word_and_a_very_long_text(packaged):
    chance = random.Random(3)
    word = "".join(chance.choices("中文字漢語學かな한국", k=30_000))
    texts = [word, " ".join(sample(4, 400)), "a" * 20_000]
    # One float32 sum of 60,000 equal rows, as the library makes it, is off by 1e-4.
    assert_same_answers(*packaged, texts, tolerance=1e-3)


def test_the_development_sentences(packaged, development_data):
    from ..language_texts import rows

    texts = sorted({row["text"] for row in rows(development_data / "lid_dev.jsonl.zst")})
    assert len(texts) == 4964
    assert_same_answers(*packaged, texts)


def test_a_name_that_is_no_model():
    with pytest.raises(FileNotFoundError, match=r"neither a file nor one of .*lid\.176"):
        model_path("lid.177")


def test_what_is_no_classifier_is_refused(corpus, tmp_path):
    path = str(tmp_path / "vectors.bin")
    fasttext.train_unsupervised(
        str(corpus), dim=4, bucket=10, epoch=1, minCount=50, thread=1, verbose=0
    ).save_model(path)
    with pytest.raises(ModelError, match="word vectors"):
        load_model(path)
    with pytest.raises(ModelError, match="not a fastText model"):
        parse_model(np.zeros(100, np.uint8), "zeros")


def test_another_loss_is_refused(corpus, tmp_path):
    path = str(tmp_path / "ova.bin")
    fasttext.train_supervised(
        str(corpus), loss="ova", dim=4, bucket=10, epoch=1, thread=1, verbose=0
    ).save_model(path)
    with pytest.raises(ModelError, match="one-vs-all"):
        load_model(path)


@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.99])
def test_a_file_cut_short_is_refused(share):
    data = np.fromfile(model_path("lid.176"), np.uint8)
    with pytest.raises(ModelError, match="cut short"):
        parse_model(data[: int(len(data) * share)], "half a model")


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=30))
def test_the_tree_costs_what_huffman_s_does(counts):
    counts = sorted(counts, reverse=True)
    left, right = huffman_tree(np.array(counts))

    def cost(node, depth):
        if left[node] < 0:
            return counts[node] * depth
        return cost(left[node], depth + 1) + cost(right[node], depth + 1)

    assert cost(len(left) - 1, 0) == least_cost(counts)


def least_cost(counts):
    """Total depth of a Huffman tree: the sum of all that is ever merged."""
    waiting, total = sorted(counts), 0
    while len(waiting) > 1:
        merged = waiting[0] + waiting[1]
        waiting = sorted([merged, *waiting[2:]])
        total += merged
    return total
