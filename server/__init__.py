"""What runs: transports, sign-in, settings, the embedded servers, the command line."""
