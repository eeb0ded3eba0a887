"""ECR's policy documents by AWS's own rules: which ones AWS accepts, and which ones mean the same.

One home for the baseline, the simulator, the tables and the remediation planner.
"""
