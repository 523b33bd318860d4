"""What somebody who may write the output can plant there; the tests and the benchmark of attacks share it."""
