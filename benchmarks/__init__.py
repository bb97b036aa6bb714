"""Callsheet beside other GraphQL servers: the same data, the same questions, one run."""
