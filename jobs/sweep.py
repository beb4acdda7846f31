"""A sweep on a cluster.

    ray job submit --working-dir . --runtime-env jobs/runtime_env.yaml \\
        -- python jobs/sweep.py SWEEP --store URL

Exits as `ganray sweep` does: 0 done, 1 failed, 2 refused input, 3 partial, 4 stopped. Submitting
the same sweep again resumes it. The store must be an s3:// URL or a folder that all nodes share.
"""

import sys

from ganray.cli import main

if __name__ == "__main__":
    main(["sweep", "--address", "auto", *sys.argv[1:]])
