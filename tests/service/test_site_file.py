"""A site's own values are read whole and checked, or refused with the sentence that helps."""

from pathlib import Path

import numpy as np
import pytest

from planner.hand.execution import LASER
from planner.procedures import PROCEDURES
from planner.release.bleeding import Scheme
from planner.site import PLAIN, Site
from planner.structures import Role, Structure
from service.errors import RequestError
from service.site_file import read_site

PRT, FACET = PROCEDURES["prt"], PROCEDURES["facet"]

WHOLE = """
scheme = "ASRA 2018"
margin_growth = 0.01
most_tilt_deg = 25
left_out = ["table reach", "length_mm"]
keep_out_reserve_mm = 5

[guidance]
name = "laser"

[weights]
tilt_from_preferred_deg = 0.1

[bore]
centre_x_mm = 0
centre_y_mm = 10
radius_mm = 350

[table]
top_mm = -120

[[keep_outs]]
why = "scar"
centre_mm = [20, 140, -30]
radius_mm = 12

[reserves_mm]
aorta = 3
thecal_sac = 2.5

[procedures.prt]
volume_ml = [0.5, 2]
hub_reserve_mm = 15
needles = [{gauge = 25, outer_diameter_mm = 0.52, length_mm = 120, tip = "Quincke"}]

[procedures.prt.windows."posterolateral, subpedicular"]
obliquity_deg = [20, 60]
preferred_obliquity_deg = 45

[procedures.prt.crossings.disc]
reason = "transdiscal, decided by the department"
largest_outer_diameter_mm = 0.6
"""


def site(folder: Path, text: str) -> Site:
    path = folder / "site.toml"
    path.write_text(text, encoding="utf8")
    return read_site(path)


def test_a_whole_file_is_a_site(tmp_path: Path) -> None:
    found = site(tmp_path, WHOLE)
    assert found.scheme is Scheme.ASRA
    assert found.guidance is LASER
    assert found.left_out == {"table reach", "length_mm"}
    assert found.bore is not None
    assert found.bore.radius_mm == 350
    (scar,) = found.keep_outs
    assert scar.distance_mm(np.array([[20.0, 140.0, -30.0]])).tolist() == [-12.0]


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    found = site(tmp_path, "")
    assert found.own(PRT) == PRT
    assert found.values == PLAIN.values == ()


def test_a_procedure_has_the_site_s_values_and_names_each(tmp_path: Path) -> None:
    own = site(tmp_path, WHOLE).own(PRT)
    assert own.roles[Structure.AORTA].reserve_mm == 3
    assert own.roles[Structure.THECAL_SAC].reserve_mm == own.roles[Structure.CANAL].reserve_mm == 2.5
    assert own.roles[Structure.DISC].role is Role.TRAVERSABLE
    assert own.approaches[0].obliquity_deg == (20, 60)
    assert own.approaches[0].preferred_obliquity_deg == 45
    assert own.approaches[1:] == PRT.approaches[1:]
    assert [str(needle) for needle in own.needles] == ["25 G x 120 mm Quincke"]
    said = "; ".join(own.site_values)
    for words in (
        "reserve of aorta 3 mm instead of 2",
        "reserve of canal 2.5 mm instead of 2",
        "disc is traversable up to 0.6 mm instead of forbidden: transdiscal, decided by the department",
        "window of posterolateral, subpedicular: obliquity 20 to 60 (preferred 45)",
        "needles 25 G x 120 mm Quincke",
        "volume 0.5-2 ml instead of 0.5-4",
        "15 mm left outside the skin instead of 10",
    ):
        assert words in said


def test_another_procedure_has_the_common_values_only(tmp_path: Path) -> None:
    own = site(tmp_path, WHOLE).own(FACET)
    assert own.roles[Structure.AORTA].reserve_mm == 3
    assert own.needles == FACET.needles
    assert all(words.startswith("reserve of") for words in own.site_values)


def test_what_is_no_procedure_s_is_named_too(tmp_path: Path) -> None:
    assert site(tmp_path, WHOLE).values == (
        "guidance: laser",
        "margins grow by 0.01 mm for each mm below the skin",
        "gantry tilt at most 25 degrees",
        "weight of tilt_from_preferred_deg: 0.1",
        "no entry within 5 mm of: scar",
    )


def test_a_site_s_own_measurement_scales_its_guidance(tmp_path: Path) -> None:
    assert site(tmp_path, '[guidance]\nname = "laser"\ntip_sigma_mm = 0.8').guidance.tip_sigma_mm == 0.8


LONGEST_90 = '{gauge = 22, outer_diameter_mm = 0.7, length_mm = 90, tip = "Quincke"}'
WINDOW = '[procedures.prt.windows."posterolateral, subpedicular"]\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[reserves_mm]\naorta = -1", "reserve of aorta: -1 mm is not possible; allowed: 0 to 30 mm"),
        ("[reserves_mm]\naorta = nan", "finite"),
        ("[reserves_mm]\naortic_arch = 2", "aortic_arch"),
        ("[reserves_mm]\nvertebra = 1", "all bone has one reserve: write bone"),
        ("[reserves_mm]\nmuscle = 1", "a needle crosses muscle"),
        (WINDOW + "obliquity_deg = [40, 20]", "an empty window has no path"),
        (WINDOW + "tilt_deg = [-100, 20]", "within -90 and 90 degrees"),
        (WINDOW + "obliquity_deg = [20, 60]\npreferred_obliquity_deg = 70", "inside its window, 20 to 60"),
        ("[procedures.prt.windows.sideways]\ntilt_deg = [0, 1]", "one of: posterolateral, subpedicular"),
        ('[procedures.prt.crossings.thecal_sac]\nreason = "x"\nlargest_outer_diameter_mm = 1', "it stays forbidden"),
        ('[procedures.prt.crossings.disc]\nreason = " "\nlargest_outer_diameter_mm = 1', "a reason in words"),
        ('[procedures.prt.crossings.disc]\nreason = "x"\nlargest_outer_diameter_mm = 0.6', "leave thicker needles out"),
        ("[procedures.prt]\nvolume_ml = [4, 1]", "the smaller first"),
        ("[procedures.prt]\nhub_reserve_mm = 150", "0 to 100 mm"),
        (
            '[procedures.prt]\nneedles = [{gauge = 22, outer_diameter_mm = 0.4, length_mm = 90, tip = "Quincke"}]',
            "needle 22 G: 0.4 mm outside is not possible; allowed: 0.69 to 0.73 mm",
        ),
        (
            "[procedures.prt]\nhub_reserve_mm = 95\nneedles = [" + LONGEST_90 + "]",
            "more than the 95 mm left outside the skin",
        ),
        ("[procedures.stellate]", "stellate is not possible; valid: prt"),
        ('left_out = ["clearance: aorta"]', "left_out: clearance: aorta is not possible; valid: entry across"),
        ("[weights]\nluck = 1", "luck"),
        ("[weights]\nlength_mm = -1", "greater than or equal to 0"),
        ("margin_growth = 1", "margin_growth"),
        ('[guidance]\nname = "luck"', "guidance.name"),
        ("[[keep_outs]]\nwhy = 'scar'", "give centre_mm and radius_mm"),
        ("colour = 1", "colour"),
        ("not TOML", "not a readable TOML file"),
    ],
)
def test_what_is_not_possible_is_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(RequestError, match=says):
        site(tmp_path, text)
