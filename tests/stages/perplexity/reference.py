"""A plain n-gram model of characters with Witten-Bell's smoothing, and how a text is read."""

import math
import unicodedata
from collections import Counter, defaultdict


def symbols(text):
    """The symbols of a text: lower case, digits as 0, white space as one space between others."""
    found = []
    for character in text:
        if character.isspace():
            symbol = " "
        elif unicodedata.category(character) in ("Cc", "Cf", "Cs"):
            continue
        elif unicodedata.category(character) == "Nd":
            symbol = "0"
        else:
            titled = unicodedata.category(character) in ("Lu", "Lt")
            symbol = character.lower() if titled and len(character.lower()) == 1 else character
        if symbol == " " and (found or [" "])[-1] == " ":
            continue
        found.append(symbol)
    return found


class Reference:
    """Counts in dictionaries; probabilities by the formula."""

    def __init__(self, texts, order):
        self.order = order
        counts = [Counter() for _ in range(order + 1)]
        for text in texts:
            read = [" "] * (order - 1) + symbols(text)
            for end in range(order, len(read) + 1):
                for n in range(1, order + 1):
                    counts[n][tuple(read[end - n : end])] += 1
        self.counts = defaultdict(dict)
        for n in range(1, order + 1):
            for gram, count in counts[n].items():
                if n <= 2 or count >= 2:
                    self.counts[gram[:-1]][gram[-1]] = count

    def probability(self, history, symbol):
        if len(history) == 0:
            below = 2.0**-18
        else:
            below = self.probability(history[1:], symbol)
        after = self.counts.get(tuple(history))
        if not after:
            return below
        total, kinds = sum(after.values()), len(after)
        return (after.get(symbol, 0) + kinds * below) / (total + kinds)

    def bits(self, text):
        """(bits per character, characters)."""
        read = [" "] * (self.order - 1) + symbols(text)
        places = range(self.order - 1, len(read))
        costs = [
            -math.log2(self.probability(read[i - self.order + 1 : i], read[i])) for i in places
        ]
        return (sum(costs) / len(costs) if costs else math.nan), len(costs)
