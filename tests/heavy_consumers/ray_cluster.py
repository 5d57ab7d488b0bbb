"""A Ray cluster of two workers for tests; prints its address and ends when its input does."""

import logging
import sys

import ray

if __name__ == "__main__":
    ray.init(
        num_cpus=2,
        include_dashboard=False,
        _node_ip_address="127.0.0.2",
        _temp_dir=sys.argv[1],
        log_to_driver=False,
        logging_level=logging.CRITICAL,
    )
    sys.stdout.write(ray.get_runtime_context().gcs_address + "\n")
    sys.stdout.flush()
    sys.stdin.read()
    ray.shutdown()
