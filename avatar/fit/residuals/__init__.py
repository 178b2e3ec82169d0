"""Energy terms: pure functions from the state to a residual and its Jacobian, one per file."""
