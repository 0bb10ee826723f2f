"""The alignment lab: a small pictorial world in which the whole causal chain can be trained and measured.

A scene is a row of tokens, a picture is drawn from it, a caption is written about it, and the truth is the scene
itself. The lab shows a mechanism: whatever taste its annotators have was written into them. Nothing measured here is
evidence about real models.
"""
