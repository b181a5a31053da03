"""Delivery: claim, compose and freeze, fence, send, record. It decides nothing that planning decided; it asks again."""
