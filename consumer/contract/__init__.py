"""What others write and read, as types: the records' schemas and the AsyncAPI document follow from them.

The stream itself reads and writes without these models, which would cost it time; tests hold them to it.
"""
