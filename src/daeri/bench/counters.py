"""What a process says about itself at `/metrics`, and how it changed between two readings."""

import math
import urllib.request
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Counters:
    """Samples by name and labels."""

    samples: dict[tuple[str, Labels], float]

    def since(self, before: "Counters") -> "Counters":
        """What was added since then; of a gauge, the difference."""
        return Counters({key: value - before.samples.get(key, 0.0) for key, value in self.samples.items()})

    def total(self, name: str) -> float:
        """The sum over all labels."""
        return sum(value for (found, _), value in self.samples.items() if found == name)

    def by(self, name: str, label: str) -> dict[str, float]:
        """Sums by one label."""
        sums: dict[str, float] = {}
        for (found, labels), value in self.samples.items():
            if found == name:
                key = dict(labels).get(label, "")
                sums[key] = sums.get(key, 0.0) + value
        return sums

    def percentile_ms(self, histogram: str, share: float) -> float:
        """The upper edge, in milliseconds, of the bucket that the share of all observations falls in.

        0 without observations; the last finite edge when it lies beyond that.
        """
        buckets = sorted((float(edge), count) for edge, count in self.by(f"{histogram}_bucket", "le").items())
        edges = [edge for edge, count in buckets if math.isfinite(edge) and count < share * buckets[-1][1]]
        finite = [edge for edge, _ in buckets if math.isfinite(edge)]
        if not finite or buckets[-1][1] == 0:
            return 0.0
        return finite[min(len(edges), len(finite) - 1)] * 1000


def read_counters(port: int) -> Counters:
    """Read `/metrics` of the program on this machine."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        return parse_counters(answer.read().decode())


def parse_counters(text: str) -> Counters:
    """Parse the text format of Prometheus."""
    return Counters(
        {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }
    )
