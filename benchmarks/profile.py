"""Where our server's time goes: `python -m benchmarks.profile board`."""  # noqa: A005 - run as a module
