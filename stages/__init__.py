"""What happens to text: Arrow table in, Arrow table out.

A new stage is one module with one class (``MapStage`` or ``BarrierStage``, see ``stages.base``),
one line here and one test. Nothing here imports ``ray``; nothing is imported before it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stages.base import Stage

STAGES = {
    "normalize": "stages.normalize.normalize:Normalize",
    "langid": "stages.language.langid:LangId",
    "quality": "stages.quality.quality:Quality",
    "unusual": "stages.quality.unusual:Unusual",
    "quality_model": "stages.quality_model.quality_model:QualityModel",
    "perplexity": "stages.perplexity.perplexity:Perplexity",
    "url_filter": "stages.urls.url_filter:UrlFilter",
    "toxicity": "stages.toxicity.toxicity:Toxicity",
    "pii": "stages.pii.pii:Pii",
    "exact_dedup": "stages.dedup.exact_dedup:ExactDedup",
    "minhash_dedup": "stages.dedup.minhash_dedup:MinHashDedup",
    "paragraph_dedup": "stages.passages.paragraph_dedup:ParagraphDedup",
    "substring_dedup": "stages.passages.substring_dedup:SubstringDedup",
    "decontaminate": "stages.decontaminate.decontaminate:Decontaminate",
    "bilingual": "stages.bilingual.bilingual:Bilingual",
}
"""Name in the recipe -> where the class is."""


def load_stage(name: str) -> type[Stage]:
    """The class of a stage; ``KeyError`` where there is none."""
    module, _, attribute = STAGES[name].partition(":")
    stage: type[Stage] = getattr(import_module(module), attribute)
    return stage
