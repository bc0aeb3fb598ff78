"""Handwritten digits and photographs: classified, sharpened, put through a narrow place."""
