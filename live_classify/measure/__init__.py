"""How fast this machine is: each stage alone, the whole, what limits it, and what would change that."""
