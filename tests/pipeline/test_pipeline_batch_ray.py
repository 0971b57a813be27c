"""The same shards on a Ray cluster: two nodes, each a process of this machine."""

import os
import sys

import pytest

from dermis.errors import UsageError
from dermis.pipeline import batch_ray
from dermis.pipeline.batch_photos import find_batch
from dermis.pipeline.batch_ray import ray_engine
from dermis.pipeline.batch_run import one_by_one, plan_batch, run_batch
from dermis.pipeline.options import AnalyseOptions

pq = pytest.importorskip("pyarrow.parquet")


@pytest.fixture
def cluster(monkeypatch):
    """The address of two nodes of one processor each."""
    pytest.importorskip("ray", reason="ray is not installed: pip install 'dermis[ray]'")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    import ray
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 1, "object_store_memory": 80_000_000, "include_dashboard": False}
    nodes = Cluster(initialize_head=True, head_node_args=node)
    nodes.add_node(**node)
    yield nodes.address
    ray.shutdown()
    nodes.shutdown()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of ray itself
def test_two_nodes_give_the_table_that_one_process_gives(cluster, tmp_path):
    (tmp_path / "in").mkdir()
    for number in range(12):
        (tmp_path / "in" / f"{number:02d}.jpg").write_text("text, no photo")
    tables = {}
    for name, engine in {"ray": ray_engine(cluster), "here": one_by_one}.items():
        out = tmp_path / f"{name}.parquet"
        plan = plan_batch(find_batch(str(tmp_path / "in")), out, AnalyseOptions(), workers=2, shard=4)
        told = []
        tables[name] = run_batch(plan, engine, told.append)
        assert sum(told) == 12
    ray, here = (pq.read_table(tables[name].photos) for name in ("ray", "here"))
    assert ray.equals(here)
    assert ray.num_rows == 12


def test_without_ray_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(batch_ray, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"dermis\[ray\]"):
        ray_engine("local")
