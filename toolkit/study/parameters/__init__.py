"""What a parameters file says: tables, chapters with their parameters, plan."""
