"""A study, or with `--only train`, `evaluate` or `search` a part of it and what that needs.

    ray job submit --working-dir . --runtime-env jobs/runtime_env.yaml \\
        -- python jobs/study.py STUDY --store URL [--only PART]

`ganray submit STUDY` does the same with less to type. Exits as `ganray run` does: 0 done, 1 failed,
2 refused input, 3 partial, 4 stopped. Submitting the same study again resumes it. The store must be
an s3:// URL or a folder that all nodes share.
"""

import sys

from ganray.cli import main

if __name__ == "__main__":
    main(["run", "--runner", "ray", "--address", "auto", *sys.argv[1:]])
