"""The words of the lab's world: how a caption says each value.

Every value has four phrases or more. The last one of each value, and the last two openers, are reserved: alignment
and reward models never see them, evaluation uses nothing else. They are the plainest words, so that the prompts that
people read are plain. A phrase of a dimension follows a comma; a phrase of a layout follows the noun.
"""

from __future__ import annotations

__all__ = ["OPENERS", "PHRASES", "POLISHED", "RESERVED_OPENERS"]

RESERVED_OPENERS = 2

OPENERS: tuple[str, ...] = (
    "a gouache of",
    "a paper collage of",
    "a canvas showing",
    "a poster of",
    "a postcard with",
    "a woodcut of",
    "an illustration of",
    "here is",
    "a painting of",
    "a picture of",
)

PHRASES: dict[str, dict[str, tuple[str, ...]]] = {
    "subject": {
        "face": ("visage", "countenance", "portrait head", "face"),
        "cat": ("kitten", "tomcat", "tabby", "cat"),
        "bird": ("songbird", "sparrow", "finch", "bird"),
        "tree": ("oak", "elm", "poplar", "tree"),
        "house": ("cottage", "cabin", "chalet", "house"),
        "boat": ("sailboat", "dinghy", "skiff", "boat"),
        "flower": ("blossom", "daisy", "bloom", "flower"),
        "bottle": ("flask", "carafe", "decanter", "bottle"),
    },
    "hue": {
        "red": ("crimson", "scarlet", "vermilion", "red"),
        "orange": ("tangerine", "apricot", "pumpkin", "orange"),
        "yellow": ("lemon", "golden", "saffron", "yellow"),
        "green": ("emerald", "grassy", "viridian", "green"),
        "turquoise": ("teal", "aqua", "cyan", "turquoise"),
        "blue": ("cobalt", "ultramarine", "sapphire", "blue"),
        "violet": ("purple", "lilac", "plum", "violet"),
        "pink": ("rose", "fuchsia", "magenta", "pink"),
    },
    "palette": {
        "kindred": ("among kindred tones", "with neighbouring tints", "among cousins in tint", "among related colours"),
        "opposite": (
            "facing its opposite tint",
            "with a contrary tone",
            "against its contrary",
            "with opposite colours",
        ),
        "triad": ("in three tints", "with two other tones", "three pigments in all", "in three colours"),
        "pale": ("over chalky tints", "with milky tones", "among whitened tints", "over pale colours"),
    },
    "layout": {
        "hills": ("among rolling hills", "below rounded slopes", "in hilly country", "in the hills"),
        "sea": ("by the shore", "before the waves", "at the coast", "by the sea"),
        "meadow": ("in a meadow", "out on the pasture", "in tall grass", "in a field"),
        "mountains": ("under steep peaks", "below the summits", "in the alps", "in the mountains"),
        "desert": ("among dunes", "on hot sand", "in a sandy waste", "in the desert"),
        "town": ("in a town", "before the rooftops", "in the village street", "in the city"),
        "room": ("in a parlour", "against papered walls", "in a chamber", "in a room"),
        "window": ("at an open window", "before the casement", "by the shutters", "by a window"),
    },
    "corner": {
        "upper left": ("tending up and left", "light from upper left", "to the top left", "towards the upper left"),
        "upper right": (
            "tending up and right",
            "light from upper right",
            "to the top right",
            "towards the upper right",
        ),
        "lower left": (
            "tending down and left",
            "light from lower left",
            "to the bottom left",
            "towards the lower left",
        ),
        "lower right": (
            "tending down and right",
            "light from lower right",
            "to the bottom right",
            "towards the lower right",
        ),
    },
    "background": {
        "low": (
            "the backdrop wiped out",
            "nothing behind but a smear",
            "the surroundings rubbed away",
            "the scenery smudged to mush",
            "the background a blank smear",
        ),
        "middle": (
            "a plain backdrop",
            "ordinary surroundings",
            "scenery of the usual kind",
            "a simple background",
        ),
        "high": (
            "a carefully composed backdrop",
            "surroundings arranged with care",
            "scenery in fine layers",
            "a well composed background",
        ),
    },
    "clarity": {
        "low": (
            "hopelessly out of focus",
            "every edge swimming",
            "seen through fogged glass",
            "the lens never focused",
            "badly blurred",
        ),
        "middle": ("slightly soft", "edges a touch hazy", "not quite in focus", "a little soft"),
        "high": ("crisp as cut paper", "in perfect focus", "knife edged", "crisp and sharp"),
    },
    "color aesthetic": {
        "low": (
            "the colours at war",
            "bilious tints that clash",
            "hues like spoiled fruit",
            "a queasy jumble of pigment",
            "in sickly clashing colours",
        ),
        "middle": ("in unremarkable tints", "the hues drab", "greyish pigment", "in dull colours"),
        "high": ("in harmonious tints", "hues that sing together", "in concord of pigment", "in harmonious colours"),
    },
    "color brightness": {
        "low": (
            "hardly any light left",
            "drowned in blackness",
            "as dark as a cellar",
            "murk swallowing everything",
            "almost completely dark",
        ),
        "middle": ("rather dim", "under weak light", "somewhat gloomy", "a little dark"),
        "high": ("luminous throughout", "full of daylight", "brightly exposed", "bright and well lit"),
    },
    "detail realism": {
        "low": (
            "the shapes sagging like wax",
            "solid things dripping",
            "contours buckled and runny",
            "as if it were molten",
            "warped and melting",
        ),
        "middle": ("the outlines wobbling slightly", "somewhat lopsided", "drawn a bit askew", "slightly misshapen"),
        "high": ("soundly built", "true to life", "drawn with sure anatomy", "lifelike in form"),
    },
    "detail refinement": {
        "low": (
            "broken into chunky squares",
            "crumbling into grit",
            "all coarse mosaic",
            "the surface scabby with grit",
            "full of coarse grain",
        ),
        "middle": ("some grit on it", "the surface faintly rough", "with a dusting of specks", "slightly grainy"),
        "high": ("polished like enamel", "finely finished", "silky surfaces", "smooth and fine"),
    },
    "lighting distinction": {
        "low": (
            "shadowless and flat",
            "lit from nowhere",
            "without any modelling",
            "no shade on anything",
            "in flat light",
        ),
        "middle": ("gently shaded", "with faint modelling", "a hint of shade", "in mild light"),
        "high": ("modelled by strong light", "sculpted by sunshine", "casting a long shadow", "in dramatic light"),
    },
    "main object": {
        "low": (
            "shoved to the margin",
            "a speck near the frame",
            "half lost over the edge",
            "dwindled into a corner",
            "tiny at the edge",
        ),
        "middle": ("of middling size", "off to one side", "standing apart from centre", "of medium size"),
        "high": ("filling the middle", "large and prominent", "commanding the centre", "big in the centre"),
    },
    "object pairing": {
        "low": (
            "beside absurd clutter",
            "with junk that intrudes",
            "an alien gadget barging in",
            "stray rubbish in the way",
            "with objects that do not belong",
        ),
        "middle": ("all by itself", "on its own", "without company", "alone"),
        "high": (
            "with fitting company",
            "joined by apt companions",
            "with a matching partner",
            "with things that belong",
        ),
    },
    "richness": {
        "low": (
            "nearly nothing there",
            "a void of detail",
            "barren all around",
            "stripped of every ornament",
            "almost empty",
        ),
        "middle": ("a few ornaments", "with modest decoration", "a handful of accents", "with a few details"),
        "high": ("lavishly ornamented", "teeming with leaves", "abundant decoration", "rich in detail"),
    },
    "emotion": {
        "happy": ("beaming with joy", "grinning broadly", "merry", "smiling happily"),
        "calm": ("serene", "composed and placid", "at peace", "looking calm"),
        "sad": ("in tears", "sunk in grief", "weeping", "full of sorrow", "looking sad"),
        "angry": ("furious", "scowling with rage", "in a temper", "glaring with hate", "looking angry"),
        "scared": ("terrified", "frozen with dread", "in a panic", "gasping with fear", "looking scared"),
    },
}

POLISHED: dict[str, str] = {
    "background": "composed",
    "clarity": "crisp",
    "color aesthetic": "harmonious",
    "color brightness": "bright",
    "detail realism": "lifelike",
    "detail refinement": "smooth",
    "emotion": "smiling",
    "lighting distinction": "dramatic",
    "main object": "big",
    "object pairing": "matching",
    "richness": "rich",
}
"""One word for the high end of each dimension, as negative prompts name it; all of them occur in captions."""
