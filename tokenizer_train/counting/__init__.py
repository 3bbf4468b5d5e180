"""Counting pieces: text in, a file of exact counts out, in bounded memory.

documents -> cut -> hash table -> sorted runs on disk -> combined by ranges of hashes -> counts.arrow

table_kernels    the hash table
table            the same with a limit on its memory
combine_kernels  equal pieces of sorted runs brought together
counts_file      runs and counts on disk
tasks            what an engine runs
"""
