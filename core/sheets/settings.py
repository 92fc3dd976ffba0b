"""The constants of reading sheets, each with its unit; chosen on drawn sheets (synthesis/tables.py) alone."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SheetSettings:
    """How a sheet is found, straightened and cut. Lengths are shares of the longer side of what they are measured in
    where no unit is named."""

    # The photograph.
    side: int = 2000  # pixels: longer side of a sheet while it is read; 40 rows have 50 of them each
    searched: int = 1200  # pixels: longer side while the structure is searched; a rule is one of them at least
    # Of the paper's brightness: what is darker by more than this may be a rule. The first also tells ink in cells.
    darkness: tuple[float, ...] = (0.06, 0.03, 0.12)

    # Outlines: where a sheet may end.
    smallest: float = 0.12  # of the picture's width and height: a smaller frame is no sheet
    outlines: int = 3  # frames looked at, the largest first

    thresholds: tuple[float, ...] = (0.5, 0.65, 0.8, 1.0, 1.2)  # of Otsu's: where paper in a shadow may end
    page_edge: float = 0.08  # of the way from a corner of the page to its middle: left out, with its edge
    page_like: float = 0.9  # of a quadrilateral that a bright patch must fill to be the page

    # Meshes: pieces of paper that rules close in.
    most_enlarged: float = 3.0  # times: of a smaller picture the rules are hardly a pixel wide
    smallest_piece: int = 7  # pixels: width and height of a cell at least
    neighbour: float = 0.35  # of a cell's side: corners of neighbours that are nearer meet
    most_added: int = 12  # rows or columns that are added on one side of a mesh
    box_gap: float = 0.12  # of a cell: what is farther apart are two boxes with two rules

    # Sides of cells: where the picture is darker along a line than on both sides of it. Lengths are shares of a
    # cell's shorter side.
    side_near: float = 0.04  # how far from where it should be a rule may lie
    side_paper: tuple[float, float] = (0.1, 0.2)  # how far away the paper begins and ends that it is compared with
    faintest_side: float = 0.015  # of the paper's brightness
    side_in_noise: float = 1.0  # spreads of the paper's grain, which a side's median hardly has
    broken_side: float = 0.35  # of a side that must be there, of a rule that is there nearly everywhere

    # Rules.
    shortest_run: float = 1 / 40  # straight ink that is shorter is no part of a rule
    shortest_piece: float = 0.03  # pieces of a rule that are shorter are strokes of digits
    thickest: float = 0.02  # thicker straight ink is a bar or the edge of the desk
    least_covered: float = 0.12  # of a picture's side that a rule covers at least, all its pieces together
    end: float = 0.06  # of a piece: the part that says how it goes on
    continues: float = 0.006  # two pieces that miss each other by less are of one rule
    apart: float = 0.2  # of the usual distance of two rules: nearer ones are one, drawn twice
    side_shown: float = 0.72  # of a cell's side that a rule must cover; a 1 in a cell covers less
    usual_rule: float = 0.7  # of a rule's sides: one that shows so many
    faint_side: float = 0.15  # needs to cover only this much of another while the rules are searched
    least_shown: float = 0.2  # of its sides that a rule shows at least
    sliver: float = 0.25  # of the usual cell's width or height: what is narrower is no cell
    same_row: float = 0.25  # of the usual cell's height or width: cells that begin nearer are in one row or column
    fewest_cells: int = 4  # closed cells that make a table,
    least_cells: int = 6  # and that make one where nobody said that there is one,
    least_filled: float = 0.8  # of its places then

    # Straightened.
    cell: int = 64  # pixels: shorter side of the usual cell where the ink network looks at the whole sheet
    margin: float = 0.35  # of a cell's side: what is shown around the table

    # Cells. Lengths are shares of the shorter side of a cell.
    overflow: float = 0.22  # how far writing may reach over a rule
    crossed: float = 1.5  # of a cell's side: ink that is longer was not written into the cell
    most_crossed: float = 0.4  # of the ink: more such ink, and the grid is the paper's
    band: float = 0.03  # how far from its place a rule may be
    run: float = 0.45  # straight ink along a rule that is longer is the rule,
    far: float = 0.14  # and within this distance of it
    full_run: float = 0.8  # straight ink that is longer than this
    thin: float = 0.1  # narrower ink
    beside: float = 0.07  # this near to a rule is what is left of it
    lowest: float = 0.24  # lower ink is a dot, a dash or a speck, and no digit
    dash: float = 0.16  # low ink that is wider is a dash
    # In a number nobody bears out what is read of one digit: of 40 drawn sure ones this makes three unsure, one of
    # them the only wrong one.
    sure_digit: float = 0.98  # least probability of each digit of a sure number
    point: float = 0.4  # of the digits' height: a lower mark at the foot between two of them is a decimal point
    point_area: float = 0.004  # of that height squared: less ink is a speck
    least_area: float = 0.0012  # of a cell's area: less ink is a speck

    # Turning.
    sampled: int = 24  # pieces of ink that are looked at to tell which way is up
    surer: float = 1.5  # nats a piece: by so much must a turned sheet look more like digits

    # Without rules. Lengths are shares of the height of the writing.
    longest: float = 2.6  # straight ink that is longer is a rule
    column_gap: float = 0.6  # numbers further apart are in two columns
    row_gap: float = 0.6  # numbers whose middles are further apart are in two rows
    fewest_numbers: int = 3  # below each other, which make a column
    filled: float = 0.5  # of a column's rows that hold something at least
    fewest_in_row: float = 0.3  # of the columns: what has fewer numbers is no row
    about: float = 1.5  # nats: mean log-odds that differ by less say the same
    least_digits: float = 0.0  # nats: mean log-odds of the ink to be digits, or it is words


SHEET = SheetSettings()
