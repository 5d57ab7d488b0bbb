"""Encoders, which turn texts into vectors: the whole model, its int8 form, and word vectors."""
