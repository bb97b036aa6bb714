"""What is pushed: the bus between the processes, and the hub inside each."""
