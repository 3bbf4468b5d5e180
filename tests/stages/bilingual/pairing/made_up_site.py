"""Sites in two made-up languages that share no word but names."""

import numpy as np

SYLLABLES = [a + b for a in "bcdfghjk" for b in "aou"]

LANGUAGES = ("en", "fr", "th", "zh")


def word(number, language):
    """The same word in languages that share no word."""
    rng = np.random.default_rng(1000 * number)
    return language[0] + "".join(rng.choice(SYLLABLES, 3))


WORDS = {language: [word(i, language) for i in range(600)] for language in LANGUAGES}


def sentence(rng):
    """Numbers of words, those of low numbers more often, and a name now and then."""
    words = (600 * rng.random(rng.integers(6, 14)) ** 2).astype(int).tolist()
    return words, (f"name{rng.integers(400)}" if rng.random() < 0.2 else None)


def spoken(sentences, language):
    """Sentences in a language: names stay, words do not; its word order is its own."""
    lines = []
    for words, name in sentences:
        said = [WORDS[language][w] for w in (words if language == "en" else words[::-1])]
        lines.append(" ".join([*said, name] if name else said))
    return "\n".join(lines)


def site(seed, pages=60, lines=10):
    """Documents (id, lang, text): pages in two languages, one of six left without the other."""
    rng = np.random.default_rng(seed)
    documents, mates = [], set()
    for page in range(pages):
        sentences = [sentence(rng) for _ in range(lines)]
        sides = ("en", "fr") if page % 6 else ("en",) if page % 12 else ("fr",)
        for language in sides:
            documents.append((f"{language}{page:03d}", language, spoken(sentences, language)))
        if len(sides) == 2:
            mates.add((f"en{page:03d}", f"fr{page:03d}"))
    return documents, mates
