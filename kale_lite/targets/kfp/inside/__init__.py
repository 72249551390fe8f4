"""What runs inside a step's container, shipped with the step: it has kfp, papermill and ipykernel, and no kale-lite.

The modules import one another by their plain names (``import workspace``), as they lie in one folder there.
"""
