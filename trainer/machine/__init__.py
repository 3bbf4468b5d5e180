"""Processes, devices, threads and signals."""
