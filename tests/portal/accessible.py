"""What WCAG 2.2 asks of a page and a browser can measure, each fault as one sentence.

Contrast of every text (1.4.3) in light and dark, names of what is operated (4.1.2) and of pictures
(1.1.1), headings in order (1.3.1, 2.4.6), references that exist, targets of 24 px (2.5.8), and no
sideways scroll at 320 px (1.4.10) or at 200 % (1.4.4). What only a person can judge stays with
people.
"""

from pathlib import Path

MEASURES = Path(__file__).with_suffix(".js").read_text()


def faults_of(tab) -> list[str]:
    """Every fault of the page that is open: in light and dark, at twice the size, and narrow."""
    found = []
    # At 200 % a screen of 1280 px has 640 of its own; there only the width of the page counts.
    for width, schemes in ((1280, ("dark", "light")), (640, ()), (320, ("light",))):
        tab.set_viewport_size({"width": width, "height": 900})
        for scheme in schemes:
            # What changes colour slowly would be measured half way.
            tab.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            found += [f"{scheme}, {width} px: {fault}" for fault in tab.evaluate(MEASURES)]
        over = tab.evaluate("document.documentElement.scrollWidth - innerWidth")
        found += [f"{width} px: {over} too wide"] if over > 0 else []
    tab.set_viewport_size({"width": 1280, "height": 900})
    return found
