"""Many clients at once, and a hostile one now and then: `python -m benchmarks.crowd`."""
