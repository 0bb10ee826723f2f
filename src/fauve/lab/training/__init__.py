"""How the lab's models are trained: fixed step counts, one thread, every draw from (seed, step). Needs torch."""
