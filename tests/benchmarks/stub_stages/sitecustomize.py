"""Imported by Python itself when it starts, where this folder is on its path: stages do nothing."""

import wrapt


def _stubs(module):
    from ganray.stages.stage import Stage

    module.run_chunks = lambda work, shards: None
    module.stage_of = lambda _: Stage(lambda work: work.commit({}, {"count": 0}))


wrapt.register_post_import_hook(_stubs, "ganray.stages")
