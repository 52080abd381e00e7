"""All data sets by the task that reads them."""

from collections.abc import Mapping

from eval.data.commonsense import COMMONSENSE
from eval.data.dataset import DataSet
from eval.data.questions import QUESTIONS
from eval.data.super_glue import SUPER_GLUE
from eval.data.writing import WRITING

DATA_SETS: Mapping[str, DataSet] = {one.task: one for one in (*SUPER_GLUE, *COMMONSENSE, *QUESTIONS, *WRITING)}
