"""What is shown of a comparison of rules: `view` on the console, `figure` as SVG."""
