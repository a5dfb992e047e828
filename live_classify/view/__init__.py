"""What people see: the overlay and the window."""
