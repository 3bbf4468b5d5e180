"""Counting pieces: text in, a file of exact counts out, in bounded memory.

documents -> cut -> hash table -> sorted runs on disk -> combined by hash -> counts.arrow

table_kernels    the hash table
table            the same with a limit on its memory
combine_kernels  equal pieces of sorted runs brought together
counts_file      runs and counts on disk
combine          the same over files, a range of hashes at a time
tasks            what an engine runs
counting         all of it, unless it was done before
"""
