"""Who computes a comparison: DuckDB in this process, or any server that speaks Spark Connect.

Both get the same text of SQL. DuckDB reads the files through this process's own file system, so it
needs no extension for S3; a Spark server reads them itself, from an address that it reaches too.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

import pyarrow as pa

from hanse.client.collection.place import Place
from hanse.errors import Invalid, Unavailable

EMBEDDED: Final = "duckdb"
SPARK: Final = "sc://"
REACH_SECONDS: Final = 10
RETRIES: Final = 3


class Engine(Protocol):
    """Reads kept files under the name of a view, and answers a statement with a table."""

    def view(self, name: str, place: Place, paths: Sequence[str]) -> None:
        """Name kept files of one shape."""

    def ask(self, statement: str) -> pa.Table:
        """Return what a statement gives; raises `Unavailable` (ENGINE_FAILED) where it cannot."""

    def close(self) -> None:
        """Let go of what was opened."""


def engine(address: str) -> Engine:
    """Return the engine at an address: `duckdb`, or `sc://host:port` of a Spark Connect server.

    Raises `Invalid` (ENGINE_UNKNOWN, ENGINE_ABSENT) for another word, or one not installed.
    """
    if address == EMBEDDED:
        return _Embedded()
    if address.startswith(SPARK) and len(address) > len(SPARK):
        return _Spark(address)
    raise Invalid("ENGINE_UNKNOWN", engine=address[:60])


class _Embedded:
    def __init__(self) -> None:
        try:
            import duckdb
        except ImportError as fault:
            raise Invalid("ENGINE_ABSENT", engine=EMBEDDED) from fault
        self._faults = duckdb.Error
        self._connection = duckdb.connect(
            config={"enable_external_access": "false", "lock_configuration": "true"}
        )

    def view(self, name: str, place: Place, paths: Sequence[str]) -> None:
        from pyarrow.dataset import dataset

        files = [place.within(each) for each in paths]
        try:
            found = dataset(files, filesystem=place.files, format="parquet")
        except (OSError, pa.ArrowException) as fault:
            raise Unavailable("ENGINE_FAILED", engine=EMBEDDED) from fault
        self._connection.register(name, found)

    def ask(self, statement: str) -> pa.Table:
        try:
            return self._connection.execute(statement).to_arrow_table()
        except (self._faults, OSError, pa.ArrowException) as fault:
            raise Unavailable("ENGINE_FAILED", engine=EMBEDDED) from fault

    def close(self) -> None:
        self._connection.close()


class _Spark:
    def __init__(self, address: str) -> None:
        try:
            from pyspark.errors import PySparkException
            from pyspark.sql.connect.client.retries import DefaultPolicy
            from pyspark.sql.connect.session import SparkSession
        except ImportError as fault:
            raise Invalid("ENGINE_ABSENT", engine=address[:60]) from fault
        import grpc

        self._address = address[:60]
        self._faults = (PySparkException, grpc.RpcError, grpc.FutureTimeoutError, OSError)
        self._held(lambda: _reach(address))
        self._session: Any = self._held(SparkSession.builder.remote(address).create)
        self._session.client.set_retry_policies([DefaultPolicy(max_retries=RETRIES)])

    def view(self, name: str, place: Place, paths: Sequence[str]) -> None:
        files = [place.address(each) for each in paths]
        self._held(lambda: self._session.read.parquet(*files).createOrReplaceTempView(name))

    def ask(self, statement: str) -> pa.Table:
        found: pa.Table = self._held(lambda: self._session.sql(statement).toArrow())
        return found

    def close(self) -> None:
        self._session.stop()

    def _held(self, step: Callable[[], Any]) -> Any:
        try:
            return step()
        except self._faults as fault:
            raise Unavailable("ENGINE_FAILED", engine=self._address) from fault


def _reach(address: str) -> None:
    """Wait until the server takes calls: a session alone would try for minutes."""
    import grpc
    from pyspark.sql.connect.client import DefaultChannelBuilder

    with DefaultChannelBuilder(address).toChannel() as channel:
        grpc.channel_ready_future(channel).result(timeout=REACH_SECONDS)
