"""Keeping a generator to its prompt: negative guidance inside the attention, and the dial from a base to its alignment."""
