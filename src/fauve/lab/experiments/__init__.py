"""Experiments with the lab's causal chain: a TOML of knobs in, records, findings and tables out."""
