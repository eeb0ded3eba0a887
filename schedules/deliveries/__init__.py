"""The delivery channels: one module per channel, named like the configuration's `type`.

Each attempt is safe to repeat: either the receiver already has the content, or it gets the same key again.
"""
