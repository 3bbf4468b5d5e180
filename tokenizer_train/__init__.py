"""Learns, judges and exports a tokenizer from any amount of text.

documents   what is read: a run's documents, or any files
sample      which documents are learned from, and which are held out
counting    text to counts of its pieces, in bounded memory; the text is read once
balance     what each language counts
merging     counts to merges, exactly
learn       the same by one of the backends
parallel    documents that say the same in two languages
parity      merges that serve the language which is dearest on those
export      the folder that transformers and tokenizers load
train       all of it, in order, on an engine

>>> from tokenizer_train.documents import input_documents
>>> from tokenizer_train.settings import TokenizerOptions
>>> from tokenizer_train.train import train
>>> documents = input_documents(["corpus/*.jsonl.zst"])                   # doctest: +SKIP
>>> train(documents, "tokenizer", TokenizerOptions(vocab=32_000)).notes   # doctest: +SKIP
[]
"""
