"""What is asked of a model: questions with answers to choose from, and texts."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Question:
    """Pairs of a context and what may follow it, one of which is right."""

    contexts: tuple[str, ...]
    continuations: tuple[str, ...]
    answer: int
    language: str
    measured: tuple[str, ...] = ()
    """Texts whose lengths likelihoods are divided by; none: the continuations, without the blanks
    around them."""

    @property
    def lengths_of(self) -> tuple[str, ...]:
        """The texts whose lengths count."""
        return self.measured or tuple(text.strip() for text in self.continuations)


@dataclass(frozen=True)
class Text:
    """A document."""

    text: str
    language: str


@dataclass(frozen=True)
class Task:
    """What a file holds; one of the two lists is empty."""

    name: str
    questions: list[Question] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
