"""Reads the files that a share tells of with Spark, fetched as any of its workers would."""

import json
import sys
import tempfile
from pathlib import Path
from urllib.request import urlretrieve

from pyspark.sql import SparkSession

question = json.load(sys.stdin)
folder = Path(tempfile.mkdtemp())
for number, url in enumerate(question["urls"]):
    urlretrieve(url, folder / f"{number}.parquet")
spark = (
    SparkSession.builder.master("local[1]")
    .config("spark.ui.enabled", "false")
    .config("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
    .config("spark.driver.host", "127.0.0.1")
    .config("spark.driver.bindAddress", "127.0.0.1")
    .getOrCreate()
)
for row in spark.read.parquet(str(folder)).collect():
    print(json.dumps(row.asDict()))
