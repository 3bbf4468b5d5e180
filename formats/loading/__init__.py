"""From shards to batches, the same order whoever reads: one integer says where a run stands.

TokenShards.loader(...)
order           rows of a phase, or of all phases, by one number; read and checked
division        which of them a rank's micro batch number n has: arithmetic, no state
loader          the batches, read ahead in a thread; ``state`` is rows consumed
batch           labels, positions and boundaries of documents, made from what a row says
torch_batches   the same as tensors, pinned where there is CUDA
torch_dataset   the same as an ``IterableDataset``, any number of workers
cache           shards of an object store on a local disk, under a size bound
continuation    what another mixture goes on with, so that nothing is seen twice

>>> from formats import TokenShards
>>> loader = TokenShards("run/shards").loader(                             # doctest: +SKIP
...     "pretrain", global_batch=512, micro_batch=8, rank=rank, world=world, state=state)
>>> for batch in loader:                                                   # doctest: +SKIP
...     train(batch.input_ids, batch.labels(), batch.positions())
...     state = loader.state
"""
