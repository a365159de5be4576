"""What `bench tick` measures against, where it is installed: SciPy (one thread), and a Redis server of its own.

Neither is needed to run daeri, so both are looked for when this module is loaded.
"""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

try:
    from scipy import sparse
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching
    from scipy.spatial import cKDTree

    _HAS_SCIPY = True
except ImportError:
    _HAS_SCIPY = False

try:
    from redis import Redis
    from redis.exceptions import ConnectionError as RedisIsNotUp

    _HAS_REDIS_CLIENT = True
except ImportError:
    _HAS_REDIS_CLIENT = False

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SCIPY = "scipy is not installed"
REDIS = "no redis-server on PATH, or its Python client is not installed"
_START_ATTEMPTS = 100
_LOAD_AT_ONCE = 10_000


def missing() -> list[str]:
    """The references that cannot be run here, each as a sentence."""
    has_redis = _HAS_REDIS_CLIENT and shutil.which("redis-server") is not None
    return [sentence for sentence, found in ((SCIPY, _HAS_SCIPY), (REDIS, has_redis)) if not found]


def tree_search(drivers: Floats, calls: Floats, k: int, radius_m: float) -> Floats:
    """Build a k-d tree over planar metres and ask for the k nearest of every call; infinite where there are fewer."""
    distances: Floats = cKDTree(drivers).query(calls, k=k, distance_upper_bound=radius_m)[0]
    return distances


def full_matching_cost(call: Ints, driver: Ints, cost: Ints, calls: int, unserved_cost: int) -> int:
    """The least cost that SciPy finds, with a column of its own for every call that may stay unserved."""
    drivers, everyone = int(driver.max()) + 1, np.arange(calls)
    # Every cost is one higher: zero means "no edge" to a sparse matrix.
    weights = np.concatenate((cost, np.full(calls, unserved_cost))) + 1.0
    at = (np.concatenate((call, everyone)), np.concatenate((driver, drivers + everyone)))
    graph = sparse.csr_matrix((weights, at), shape=(calls, drivers + calls))
    rows, columns = min_weight_full_bipartite_matching(graph)
    return int(np.asarray(graph[rows, columns]).sum()) - calls


@dataclass(frozen=True, slots=True)
class RedisGeo:
    """A Redis that holds the drivers under the key `drivers`."""

    client: Any  # the client's own types differ by whether it is asynchronous
    places: list[tuple[float, float]]  # longitude first, as Redis wants it

    def update_and_search(self, updates: int, lat: Floats, lon: Floats, k: int, radius_m: float) -> int:
        """One pipeline: move the first `updates` drivers, ask for the k nearest of every point; how many were found."""
        pipeline = self.client.pipeline(transaction=False)
        for number, (to_lon, to_lat) in enumerate(self.places[:updates]):
            pipeline.geoadd("drivers", (to_lon, to_lat, number))
        for at_lat, at_lon in zip(lat.tolist(), lon.tolist(), strict=True):
            pipeline.geosearch(
                "drivers", longitude=at_lon, latitude=at_lat, radius=radius_m, unit="m", sort="ASC", count=k
            )
        return sum(len(found) for found in pipeline.execute()[-len(lat) :])


@contextmanager
def redis_geo(lat: Floats, lon: Floats) -> Iterator[RedisGeo]:
    """A Redis on a socket in a folder of its own, loaded with the drivers; gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="daeri-redis-") as folder:
        socket = str(Path(folder) / "redis.sock")
        command = [str(shutil.which("redis-server")), "--port", "0", "--unixsocket", socket]
        server = subprocess.Popen(  # noqa: S603 -- the program is found on PATH, its arguments are ours
            [*command, "--save", "", "--dir", folder], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            client = Redis(unix_socket_path=socket)
            _wait_for(client)
            places = list(zip(lon.tolist(), lat.tolist(), strict=True))
            _load(client, places)
            yield RedisGeo(client, places)
        finally:
            server.terminate()
            server.wait(timeout=10)


def _wait_for(client: Any) -> None:
    for _ in range(_START_ATTEMPTS):
        try:
            client.ping()
        except RedisIsNotUp:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError("redis-server did not answer within 5 s")


def _load(client: Any, places: list[tuple[float, float]]) -> None:
    for first in range(0, len(places), _LOAD_AT_ONCE):
        pipeline = client.pipeline(transaction=False)
        for number, (lon, lat) in enumerate(places[first : first + _LOAD_AT_ONCE], first):
            pipeline.geoadd("drivers", (lon, lat, number))
        pipeline.execute()
