"""Learning merges: distinct pieces and their counts in, byte-pair merges out, exactly.

counts.arrow -> words by weight -> symbols -> pairs that can matter -> merge the most frequent

words_kernels  equal pieces of several languages added up, laid out as symbols
words          the same over a file of counts
heap_kernels   the most frequent pair
pairs_kernels  where each pair stands, from the beginning or anew
merge_kernels  the merges
learner        all of it, with memory that grows as needed
token_table    the tokens learned so far: one learner may go on where another stopped
encode_kernels merges applied to pieces that were not learned from
token_counts   the same over batches of counts, by group

By parity, where each merge serves the dearest language:

column_kernels, columns   words by language, the parallel text behind them
turn_kernels              whose turn it is
cell_kernels              pairs by language: counts, positions, a heap for each
parity_kernels            the merges
parity_learner            all of it, with memory that grows as needed
parity                    merges for all, in turns, and what is left
"""
