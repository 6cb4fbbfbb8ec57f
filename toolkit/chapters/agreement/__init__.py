"""Chapter 10: whether readers agree with each other, and with the AI."""
