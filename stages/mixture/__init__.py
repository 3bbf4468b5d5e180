"""The mixture: what each phase takes of each component, packed, ordered, interleaved, written.

options -> select_documents, pack_component, pack -> plan -> permutation, interleave -> write_shard
-> build
"""
