"""provisional"""
from __future__ import annotations
from fauve.instruments.scale import Scale
NAMES=["sharpness","exposure","clipping","contrast","light-range","colourfulness","palette-discord","hue-disharmony","sickly-tint","noise","banding","plateaus","blockiness","edge-density","entropy","background-detail","subject-offset","subject-extent","mirror-symmetry","layout-coherence","contour-waviness","vertical-streaking"]
SCALES={n:Scale(((0.,0.),(1.,2.))) for n in NAMES}
