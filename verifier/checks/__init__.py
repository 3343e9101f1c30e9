"""What must hold for an operation to be safe, one module for each kind of obligation."""
