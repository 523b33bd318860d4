"""Trains the network of `llmops.deid.detect.ner`; needs torch and onnx, which nothing at run time does.

``python -m training`` reads the notes, trains, writes the int8 model folder and measures it. Every
stage is kept in the work folder and is not done twice.
"""
