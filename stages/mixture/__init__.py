"""The mixture: what each phase takes of each component, packed, ordered, interleaved, written.

options -> plan -> pack_component -> permutation, interleave -> write_shard -> build
"""
