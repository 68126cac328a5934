"""Whole SVG files as Illustrator and Inkscape write them, beside outlines built by shapely."""

from __future__ import annotations

import pytest
from shapely import Point, box

from podium.core.errors import PodiumError
from podium.slides.annotations.load import load

SIZE = (400, 300)
ILLUSTRATOR = """<?xml version="1.0" encoding="utf-8"?>
<!-- Generator: Adobe Illustrator 27.0.0, SVG Export Plug-In . SVG Version: 6.00 Build 0)  -->
<svg version="1.1" id="Layer_1" xmlns="http://www.w3.org/2000/svg"
\t xmlns:xlink="http://www.w3.org/1999/xlink" x="0px" y="0px" viewBox="0 0 400 300"
\t style="enable-background:new 0 0 400 300;" xml:space="preserve">
<style type="text/css">
\t.st0{display:none;}
\t.st1{fill:#FFFFFF;}
\t.st2{fill:none;stroke:#ED1C24;stroke-miterlimit:10;}
\t.st3{visibility:hidden;}
</style>
<g id="Slide" class="st0">
\t<image style="overflow:visible;" width="400" height="300" xlink:href="slide.jpg"></image>
\t<rect class="st1" width="400" height="300"/>
</g>
<g id="Tumor">
\t<path class="st2" d="M120,50c0,27.6-22.4,50-50,50S20,77.6,20,50S42.4,0,70,0S120,22.4,120,50z"/>
\t<polygon class="st2" points="200,100 260.5,100 260.5,180 200,180 \t"/>
\t<rect x="300" y="10" class="st2 st3" width="50" height="50"/>
</g>
</svg>
"""
INKSCAPE = """<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<!-- Created with Inkscape (http://www.inkscape.org/) -->
<svg width="105.83333mm" height="79.375mm" viewBox="0 0 105.83333 79.375" version="1.1" id="svg5"
   inkscape:version="1.2.2" sodipodi:docname="S1.svg"
   xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape"
   xmlns:sodipodi="http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd"
   xmlns="http://www.w3.org/2000/svg" xmlns:svg="http://www.w3.org/2000/svg">
  <sodipodi:namedview id="namedview7" pagecolor="#ffffff" inkscape:current-layer="layer1">
    <inkscape:grid type="xygrid" id="grid1"/>
  </sodipodi:namedview>
  <defs id="defs2"><rect x="0" y="0" width="99" height="99" id="rect1"/></defs>
  <g inkscape:label="Tumour" inkscape:groupmode="layer" id="layer1" style="display:inline"
     transform="translate(10,-5)">
    <path style="fill:none;stroke:#ff0000" sodipodi:nodetypes="ccccc" id="path1"
       d="m 20,30 h 30 v 20 H 20 Z m 5,5 v 10 h 10 v -10 z"/>
    <circle style="fill:none;display:none" id="circle1" cx="60" cy="50" r="9"/>
  </g>
  <g inkscape:label="Notes" inkscape:groupmode="layer" id="layer2" style="display:none">
    <rect x="1" y="1" width="9" height="9" id="rect2"/>
  </g>
</svg>
"""
PX = 96 / 25.4  # of CSS, to a millimetre: what Inkscape's user units are


def shared(regions, expected):
    """Intersection over union."""
    return regions.intersection(expected).area / regions.union(expected).area


def test_illustrators_hidden_layers_are_not_drawn(tmp_path):
    (tmp_path / "S1.svg").write_text(ILLUSTRATOR, encoding="utf-8")
    found = load(tmp_path / "S1.svg", SIZE)
    expected = Point(70, 50).buffer(50, 64).union(box(200, 100, 260.5, 180))
    assert shared(found.regions, expected) > 0.995
    assert found.notes == ()


def test_inkscapes_millimetres_layers_and_holes(tmp_path):
    (tmp_path / "S1.svg").write_text(INKSCAPE, encoding="utf-8")
    found = load(tmp_path / "S1.svg", SIZE)
    ring = box(30, 25, 60, 45).difference(box(35, 30, 45, 40))
    expected = box(*(side * PX for side in ring.bounds)).difference(
        box(35 * PX, 30 * PX, 45 * PX, 40 * PX)
    )
    assert shared(found.regions, expected) > 0.999
    assert found.notes == ()


def test_illustrators_entities_are_refused_with_a_remedy(tmp_path):
    """Saved with «Preserve Illustrator editing capabilities»."""
    entities = '<!DOCTYPE svg [\n\t<!ENTITY ns_svg "http://www.w3.org/2000/svg">\n]>\n<svg version'
    text = ILLUSTRATOR.replace("<svg version", entities).replace(
        '"http://www.w3.org/2000/svg"\n', '"&ns_svg;"\n'
    )
    (tmp_path / "S1.svg").write_text(text, encoding="utf-8")
    with pytest.raises(
        PodiumError,
        match=r"S1\.svg: it declares XML entities\nremedy: .*Illustrator by File > Export",
    ):
        load(tmp_path / "S1.svg", SIZE)
