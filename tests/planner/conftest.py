"""A schematic patient with known truth, painted once; no image is made of it."""

import pytest

from planner.anatomy.model import Anatomy
from sample_data.parameters import PhantomParameters
from sample_data.phantom import Phantom, make_phantom


def scan(**chosen: object) -> Phantom:
    return make_phantom(PhantomParameters(**chosen))  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def lower_back() -> Phantom:
    """Both sides of L3 to L5 with the back's skin, 1.6 x 1 x 1 mm, prone."""
    return scan(spacing_mm=(1.6, 1.0, 1.0), field_of_view_mm=(130.0, 140.0, 300.0), center_mm=(0.0, 60.0, -40.0))


@pytest.fixture(scope="session")
def anatomy(lower_back: Phantom) -> Anatomy:
    """Its true anatomy."""
    return lower_back.anatomy()


@pytest.fixture(scope="session")
def fine_left_l4() -> Phantom:
    """The left L4 foramen and the way to it from behind, at 0.5 mm."""
    return scan(spacing_mm=(0.5, 0.5, 0.5), field_of_view_mm=(50.0, 95.0, 95.0), center_mm=(50.0, 75.0, -39.0))


@pytest.fixture(scope="session")
def mirrored_back() -> Phantom:
    """The mirror image of ``lower_back``."""
    return scan(
        spacing_mm=(1.6, 1.0, 1.0), field_of_view_mm=(130.0, 140.0, 300.0), center_mm=(0.0, 60.0, -40.0), mirrored=True
    )


@pytest.fixture(scope="session")
def turned_back() -> Phantom:
    """The patient of ``lower_back`` on a grid turned about all three axes."""
    return scan(
        spacing_mm=(1.2, 1.0, 1.0),
        field_of_view_mm=(150.0, 170.0, 300.0),
        center_mm=(0.0, 60.0, -40.0),
        turn_deg=(12.0, -8.0, 15.0),
    )
