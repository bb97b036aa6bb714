"""The other servers, each written as its own documentation recommends."""
