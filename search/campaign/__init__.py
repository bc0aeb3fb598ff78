"""The resumable loop of a campaign and its stages."""
