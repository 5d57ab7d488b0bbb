"""Duplicates beyond one machine: the steps of the search, and Ray Data that runs them."""
