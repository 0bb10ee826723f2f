"""Training the dimension judge: LoRA on (picture, dimension, label)."""
