"""What happens: reads and business actions, plain functions on rows."""
