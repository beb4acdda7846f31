"""What studies are made of: settings of a file, and blocks that add tasks to a plan; none of it
knows a study, but for the parts that one study alone has and that stand beside it for their length.
What is measured, and on what, stands in `scoring`.
"""
