"""Train the network of `llmops.deid.detect.ner`; needs torch and onnx, which the runtime does not.

``python -m training`` reads the notes, trains, writes the int8 model folder and measures it. Every stage is stored in
the work folder and not repeated.
"""
