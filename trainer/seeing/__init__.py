"""What people see of a run, while it trains and after."""
