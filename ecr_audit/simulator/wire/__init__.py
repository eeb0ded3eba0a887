"""AWS wire protocols, driven by botocore's service models: requests in, replies and errors out."""
