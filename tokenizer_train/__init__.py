"""Learns, judges and exports a tokenizer from any amount of text.

documents   what is read: a run's documents, or any files
sample      which documents are learned from, balanced over languages, and which are held out
patterns    how text is cut before merging
learn       from texts to tokens and merges
export      the folder that transformers and tokenizers load
held_out    bytes per token on text not learned from
train       all of it, in order

>>> from tokenizer_train.documents import input_documents
>>> from tokenizer_train.settings import TokenizerOptions
>>> from tokenizer_train.train import train
>>> documents = input_documents(["corpus/*.jsonl.zst"])                   # doctest: +SKIP
>>> train(documents, "tokenizer", TokenizerOptions(vocab=32_000)).notes   # doctest: +SKIP
[]
"""
