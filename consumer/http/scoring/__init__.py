"""Scoring over HTTP: a request's texts → the same results as the stream gives.

request → read texts → wait at the desk → prepare → score, in turns with the stream → answer.
Whatever is wrong with a request is a ``Refusal``; what is wrong with one text stands in its place.
"""
