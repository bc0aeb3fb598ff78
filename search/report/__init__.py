"""What is read off a ledger: hall of fame, funnel, state."""
