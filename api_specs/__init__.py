"""The published contracts, made from the code: `python -m api_specs` writes them, a test holds them to it."""
