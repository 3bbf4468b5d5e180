"""The models: a decoder of Llama blocks or of GPT-2 blocks, and what one of a shape weighs."""

from trainer.model.attention import Documents
from trainer.model.decoder import Decoder

__all__ = ["Decoder", "Documents"]
