"""Keeping a generator to its prompt: negative guidance inside attention, and the dial of its alignment."""
