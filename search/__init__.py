"""Who to try next: mutation, strategies, the campaign and its ledger."""
