"""Stands in for torchaudio, which LLaMA-Factory imports and uses for sound files alone.

Its wheels do not load beside a torch for CPUs.
"""
