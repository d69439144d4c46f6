"""Benchmarks: side by side within one run, as ratios, because machines differ and are noisy. One measure a file."""
