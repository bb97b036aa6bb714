"""Callsheet's subscriptions beside other servers': the same events, the same listeners, one run."""
