"""The constants of reading, each with its unit and source; `benchmarks/sensitivity.py` prints what
each is worth."""

from dataclasses import dataclass


@dataclass(frozen=True)
class InkSettings:
    """How ink is found in a picture, and the one digit in the ink."""

    # The picture while it is searched.
    working_side: int = 640  # pixels: longer side while the ink is searched; a digit a tenth as high still has 64
    smallest_side: int = 224  # pixels: smaller pictures are enlarged first, so that a stroke is several pixels wide
    nearby: int = 24  # share of the longer side, 1 / nearby: how far ink is compared with other ink

    # Polarity.
    sure_polarity: float = 1.0  # evidence for dark or light ink: of 4,317 drawn pictures with more one was wrong
    most_enlarged: float = 2.0  # times: of a picture enlarged more, fine lines are made up
    line_scale: float = 2.5  # pixels, of the Gaussian in which thin lines are told from broad light and shadow

    # Ink and paper.
    faintest: float = 0.05  # of full scale: ink nearer to the paper's brightness than this is not seen
    most_patches: int = 400  # patches of ink looked at, largest first: noise has tens of thousands

    # Ruled lines and frames.
    thickest_line: float = 0.03  # of the picture's longer side: a thicker straight stroke is the digit's own
    thickest_rule: float = 0.06  # the same of one that runs past the digit on both sides, as in a picture cut close
    steepest_rule: float = 0.06  # of such a rule, in pixels down for each to the right
    faintest_part: float = 0.6  # of the darkness of a digit: what is fainter beside it belongs to the paper
    line_gap: int = 11  # pixels: widest gap that is mended where a stroke crossed a thin line

    # The one digit in MNIST's form.
    whole_side: int = 48  # pixels: a picture this small may be one digit from border to border
    faintest_edge: float = 0.25  # of such a digit's darkest: where it begins
    thinnest_stroke: float = 2.0  # pixels at 28x28: thinner strokes are thickened; MNIST's mean is about 2.9
    thickest_stroke: float = 4.2  # pixels at 28x28: thicker strokes are thinned


@dataclass(frozen=True)
class LookSettings:
    """How the ink network looks at a picture."""

    broadest: int = 96  # pixels: longer side of the whole picture where the broadest strokes are found
    usual: int = 160  # pixels: the same for all others,
    finest: int = 320  # and where no ink shows at that size
    looked_at: float = 96  # pixels: height of most ink where it is seen closer
    margin: float = 0.3  # of that height: paper around the ink that is seen closer
    most_pixels: int = 480 * 480  # of a closer look: it takes 60 milliseconds
    likely: float = 0.5  # probability above which a pixel is ink
    smallest_patch: int = 4  # pixels of the whole picture: what is smaller is looked at closer only beside more
    # Nats that a sure answer has at least: of 728 drawn digits it keeps 219 of 231 that are sure and right, and takes
    # their sureness from 12 of 43 that are wrong.
    least_evidence: float = 2.0
    closest_rival: float = 2.0  # nats: another digit that another look makes as likely as this makes an answer unsure


@dataclass(frozen=True)
class NumberSettings:
    """How the digits of a number are found in the ink. Lengths are shares of the height of the line they belong to
    where no unit is named; log-odds, costs and gains are nats, as the model's scores are."""

    # Lines of writing.
    tall: float = 0.5  # patches from this height on make lines; smaller ones belong to them
    farthest: float = 3.0  # gap between two digits of a line
    lowest_line: float = 0.6  # of the highest line's height: a lower one is no line of the number
    stacked: float = 0.12  # of the height of two patches on top of each other: widest gap that a broken stroke leaves
    longest_across: float = 1.3  # straight level ink that is longer is a rule
    longest_down: float = 1.35  # straight upright ink that is longer is a rule
    slender: float = 14  # times as long as wide is a rule at least
    speck: float = 0.1  # of the size of the patches with half of the ink: what is smaller is a speck
    most_patches: int = 80  # in one picture; more are a texture
    close_up: float = 45  # pixels: digits lower than this are looked at again
    looked_at: float = 64  # pixels: as high as this

    # Candidates.
    lowest_digit: float = 0.42  # lower candidates are no digits: dots, commas, hyphens
    widest: float = 1.3  # of a candidate
    reach: float = 0.25  # widest gap within one digit
    most_together: int = 7  # primitives in a candidate
    sure: float = 4.0  # log-odds: a patch with more is not cut either,
    wide: float = 0.9  # unless it is wider than this

    # Slashes. So 74 of 100 drawn ones are found, and 1.4 % of the ones in numbers of mixed writers are taken for one.
    straight: float = 0.15  # times as wide as long is a straight stroke at most
    slash_lean: float = 0.15  # of its height: how much further a slash leans than the digits beside it
    slash_height: float = 1.1  # of the digits' height: a slash is taller

    # Cuts.
    cut_from: float = 0.55  # patches narrower than this are not cut
    cut_apart: float = 0.18  # least distance of two cuts
    lowest_part: float = 0.45  # least height of what is cut off
    costliest_cut: float = 0.5  # way through a patch that is a cut, in pixels of ink met
    sidestep: float = 0.8  # pixels of ink: what a step to the side costs a way through ink
    shared_length: float = 1.5  # of a pen's width: a stroke that two digits share is longer
    shared_reach: float = 0.6  # of a pen's width: as thick as this on each side of the cut
    widest_shared: float = 2.5  # of a pen's width: no wider
    lowest_loop: float = 0.15  # least height of a loop beside such a stroke
    through_loop: float = 3.0  # pixels of ink: what a way along a shared stroke pays for leaving it

    # What a way through a line costs or gains.
    best: float = 6.0  # log-odds above are taken for this: one sure digit must not pay for two bad ones
    worst: float = -8.0  # log-odds below are taken for this
    cut_cost: float = 0.8  # of each side of a cut: most neighbours don't touch
    cross_cost: float = 0.3  # of each side of a cut, for each stroke it goes through: digits touch in one place
    join_cost: float = 1.3  # of each gap within a digit: most strokes hold together
    join_growth: float = 4.0  # times as much more for a gap as wide as the line is high
    skip_cost: float = 6.0  # of ink as large as a digit that is left out between digits
    end_cost: float = 3.0  # the same before or behind them, where currency signs stand
    lost_width: float = 1.0  # from this width on more than one digit is lost with ink that is left out
    usual_width: float = 1.1  # digits are seldom wider,
    width_cost: float = 8.0  # which costs this for each line's height more
    usual_height: float = 0.6  # digits are seldom lower,
    height_cost: float = 8.0  # which costs this for each line's height less

    # One digit or a number.
    clear: float = -1.0  # log-odds: two digits at least must look more like one than this, or it is no number
    wider: float = 1.0  # a number may be worth so much less for each height it is wider than one digit: words are not
    apart: float = 1.0  # several digits that make up all of the ink must be worth so much more than all as one
    convincing: float = 1.0  # least log-odds of each of them where they are together hardly wider than one digit
    narrowest: float = 1.0  # width of two digits that touch
    fragment: float = 0.6  # of a digit's width: what is narrower at the border is the end of a neighbour

    # Which of several readings counts.
    fewest_turned: int = 3  # digits that tell a page on its side: the loops of an 8 that is turned are two zeros
    # Letters in a row are taken for digits where leaving them out would cost more: 18 of 31 such words have lower mean
    # log-odds than this, and three of 432 drawn numbers.
    min_word_log_odds: float = 2.5
    # Mean log-odds by which the other polarity must be better, where the polarity is a guess, or all of a small picture
    # as one digit.
    min_gain_to_switch: float = 2.0


INK = InkSettings()
LOOK = LookSettings()
NUMBER = NumberSettings()
