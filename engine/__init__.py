"""How an operation is executed: field kinds, batches, arguments. Knows nothing of orders."""
