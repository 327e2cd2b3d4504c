"""Indexes for the search for affiliates by the beginning of their code and of the words of their name."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.operations import AddIndexConcurrently
from django.contrib.postgres.search import SearchVector
from django.db import migrations, models
from django.db.models.functions import Upper


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("affiliates", "0001_initial")]

    operations = [
        AddIndexConcurrently(
            model_name="affiliate",
            index=models.Index(OpClass(Upper("code"), name="text_pattern_ops"), name="affiliate_code_start"),
        ),
        AddIndexConcurrently(
            model_name="affiliate",
            index=GinIndex(SearchVector("name", config="simple"), name="affiliate_name_words"),
        ),
    ]
