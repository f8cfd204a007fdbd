"""What `scripts/bench` runs: a package for each benchmark. None of it is installed with the product."""
