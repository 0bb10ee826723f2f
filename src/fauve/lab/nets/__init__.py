"""The networks of the lab in torch: what is trained. :mod:`fauve.lab.inference` runs the same weights in NumPy."""
