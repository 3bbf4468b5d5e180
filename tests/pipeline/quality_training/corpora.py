"""Small labelled corpora: sites of prose, and junk of several kinds, in two languages."""

import json
import random
from pathlib import Path

SUBJECTS = {
    "en": ["the river", "a young teacher", "our neighbour", "this museum", "the old bridge"],
    "de": ["der Fluss", "eine junge Lehrerin", "unser Nachbar", "das Museum", "die alte Brücke"],
}
VERBS = {
    "en": ["was built in", "remembers", "has changed since", "is older than", "looks towards"],
    "de": ["entstand im", "erinnert an", "veränderte sich seit", "ist älter als", "blickt auf"],
}
OBJECTS = {
    "en": ["the spring of that year", "the village", "many stories", "the end of the war"],
    "de": ["den Frühling jenes Jahres", "das Dorf", "viele Geschichten", "das Ende des Krieges"],
}
TOPICS = ["gardens", "trains", "poems", "maps", "winters", "letters"]
JUNK = {
    "menu": lambda chance: "\n".join(chance.sample(["Home", "Login", "Cart", "Contact", "Help",
                                                    "About us", "Search", "Next"], 6)),
    "log": lambda chance: "\n".join(
        f"10.0.0.{chance.randrange(256)} GET /{chance.randrange(999)}.html 200" for _ in range(9)),
    "table": lambda chance: "\n".join(
        f"{chance.randrange(9999)};{chance.random():.3f};{chance.randrange(99)}" for _ in range(9)),
}  # fmt: skip


def prose(chance: random.Random, lang: str, topic: str) -> str:
    """A few sentences that mention the topic of their site."""
    sentences = []
    for _ in range(chance.randint(4, 9)):
        parts = [chance.choice(words[lang]) for words in (SUBJECTS, VERBS, OBJECTS)]
        sentences.append(f"{' '.join(parts).capitalize()}, {topic}.")
    return " ".join(sentences)


def write_corpora(folder: Path, documents: int = 40, languages: tuple[str, ...] = ("en", "de")):
    """``good.jsonl`` (a ``site`` each) and ``junk.jsonl`` (a ``kind`` each)."""
    chance = random.Random(11)
    good = [
        {"text": prose(chance, lang, topic), "lang": lang, "site": f"{topic}.example"}
        for topic in TOPICS
        for lang in languages
        for _ in range(documents)
    ]
    junk = [
        {"text": make(chance), "lang": chance.choice(languages), "kind": kind, "info": {"k": kind}}
        for kind, make in JUNK.items()
        for _ in range(2 * documents)
    ]
    for name, rows in (("good", good), ("junk", junk)):
        lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
        (folder / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")


def training_yaml(folder: Path, more: str = "") -> Path:
    """A YAML of its own for these corpora."""
    path = folder / "quality.yaml"
    path.write_text(
        f"out: {folder}/model\n"
        "stages: []\n"
        "positives:\n"
        f"  - {{name: sites, read: jsonl, paths: [{folder}/good.jsonl], group_by: meta.site}}\n"
        "negatives:\n"
        f"  - {{name: junk, read: jsonl, paths: [{folder}/junk.jsonl], group_by: meta.info.k}}\n"
        f"classifier: {{bucket: 2000, dim: 8, min_count: 2}}\n{more}",
        encoding="utf-8",
    )
    return path
