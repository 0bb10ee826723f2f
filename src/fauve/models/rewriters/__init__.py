"""Rewriters that ask a model."""
