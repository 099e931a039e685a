"""The same input gives the same names; identity is copied, never touched."""

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from dicom_io.identity import DicomCase, content_digest, derived_uid
from planner.structures import Side
from tests.dicom_io import plans

CASE = DicomCase("1.2.3", "abc", datetime(2024, 5, 6, 12, 30), "0.1.0")  # noqa: DTZ001 - DICOM local time


def test_a_derived_uid_is_a_valid_uuid_uid() -> None:
    uid = derived_uid("anything")
    assert uid.is_valid
    number = int(uid.removeprefix("2.25."))
    assert number >> 76 & 0xF == 8  # version, RFC 9562
    assert number >> 62 & 0x3 == 2  # variant


def test_the_same_case_and_role_have_the_same_uid() -> None:
    assert CASE.uid_for("report") == replace(CASE).uid_for("report")


def test_role_study_content_time_and_version_each_change_the_uid() -> None:
    others = [
        CASE.uid_for("segmentation"),
        replace(CASE, study_instance_uid="1.2.4").uid_for("report"),
        replace(CASE, content="abd").uid_for("report"),
        replace(CASE, content_datetime=CASE.content_datetime + timedelta(seconds=1)).uid_for("report"),
        replace(CASE, software_version="0.1.1").uid_for("report"),
    ]
    assert len({CASE.uid_for("report"), *others}) == 6


def test_equal_plans_have_equal_digests_and_a_changed_point_changes_it() -> None:
    moved = plans.plan((plans.target((plans.path(1, (48.111111, 60.777777, 13.999998)),)),))
    same = plans.plan((plans.target((plans.path(1, (48.111111, 60.777777, 13.999999)),)),))
    assert content_digest(same) == content_digest(plans.plan((plans.target((plans.path(),)),)))
    assert content_digest(same) != content_digest(moved)


def test_a_digest_tells_types_and_shapes_apart() -> None:
    values = ["1", 1, 1.0, (1,), [1], ((1,),), np.array([1]), np.array([[1]]), {1: 1}, Side.LEFT, "left", None]
    assert len({content_digest(value) for value in values}) == len(values)
