"""Rules that find their rate or do without a schedule: distances, coin betting, averages."""
