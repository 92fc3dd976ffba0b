"""An evaluation's tables: every picture once, gaps where there is nothing to say, no formula for a spreadsheet."""

import io
from dataclasses import replace
from datetime import UTC, datetime

import pandas as pd
import pytest
import torch

from core.data.digits import DigitSet
from core.data.labels import UNLABELLED
from core.evaluation import testset
from core.evaluation.report import Evaluation, Report
from core.figures import evaluation_tables


def test_predictions_csv_holds_every_picture(evaluation, digits):
    table = pd.read_csv(io.StringIO(evaluation_tables.predictions_csv(evaluation, digits)))
    assert len(table) == 200 and table["label"].tolist() == digits.digits.labels.tolist()
    assert table["answer"].tolist() == evaluation.report.answers.tolist() and table["file"][7] == "7.png"
    shares = table[[f"p{digit}" for digit in range(10)]]
    assert shares.sum(axis=1).to_numpy() == pytest.approx(1, abs=1e-4)
    assert shares.max(axis=1).to_numpy() == pytest.approx(table["confidence"].to_numpy())


def test_what_was_not_read_as_one_digit_is_told_and_never_an_error(evaluation, digits):
    others = (
        testset.OtherReading("=a.png", 7, testset.ReadAs.NUMBER, "42", "A number of 2 digits, all of them sure."),
        testset.OtherReading("b.png", 3, testset.ReadAs.NO_DIGIT, "", "There is no ink in this picture."),
    )
    content = evaluation_tables.predictions_csv(evaluation, replace(digits, others=others))
    table = pd.read_csv(io.StringIO(content), dtype=str)
    assert table["read as"].value_counts().to_dict() == {"digit": 200, "number": 1, "no digit": 1}
    assert table[["file", "label", "answer"]].iloc[200].tolist() == ["'=a.png", "7", "42"]
    assert table["answer"].isna().sum() == 1 and table["confidence"].isna().sum() == 2
    per_digit = evaluation_tables.per_digit(evaluation.report, others)
    assert per_digit["Not one digit"].tolist() == [0, 0, 0, 1, 0, 0, 0, 1, 0, 0]
    assert per_digit["Pictures"].sum() == 200


def test_a_name_that_a_spreadsheet_would_run_is_defused(evaluation, digits):
    names = ("=1+1.png", *digits.names[1:])
    content = evaluation_tables.predictions_csv(evaluation, testset.TestSet("u", digits.digits, names))
    assert pd.read_csv(io.StringIO(content))["file"][0] == "'=1+1.png"


def test_a_set_without_labels_has_an_empty_label_column(digits):
    labels = torch.full((200,), UNLABELLED)
    unknown = testset.TestSet("u", DigitSet(digits.digits.images, labels))
    evaluation = Evaluation("m", "v", "u", datetime.now(UTC), Report(labels, torch.zeros(200, 10)))
    assert pd.read_csv(io.StringIO(evaluation_tables.predictions_csv(evaluation, unknown)))["label"].isna().all()


def test_per_digit_table_leaves_a_gap_where_nothing_was_answered(evaluation):
    table = evaluation_tables.per_digit(evaluation.report)
    assert table["Precision"].isna().tolist() == [False] * 9 + [True]
    assert not table["Recall"].isna().any() and table["Pictures"].sum() == 200
