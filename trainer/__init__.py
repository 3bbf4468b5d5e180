"""Reads token shards, trains a decoder on them, exports it. Never imports ray, stages or pipeline."""
