"""Near-duplicates: how large their clusters are, and the largest with their differences marked."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from pipeline.clusters import STAGE, Cluster, Member, cluster_sizes, largest_clusters
from pipeline.report.language_filter import LanguageFilter
from pipeline.report_html import bars, escape, fold, section

if TYPE_CHECKING:
    from formats.run_folder import RunFolder

SHOWN = 10


def duplicates_section(
    folder: RunFolder, summary: dict[str, Any], languages: LanguageFilter
) -> str:
    """The section; empty where the recipe looks for no near-duplicates."""
    facts = summary.get("stages", {}).get(STAGE)
    if not facts:
        return ""
    sizes = _grouped(cluster_sizes(folder))
    rows = [
        (name, [float(n)], f"{n:,} clusters, {d:,} documents") for name, (n, d) in sizes.items()
    ]
    curve = [(at, [chance], f"{chance:.2%}") for at, chance in facts["s_curve"].items()]
    parts = [f'<p class="alarm">{escape(alarm)}</p>' for alarm in facts["alarms"]]
    if rows:
        parts += ["<h3>Documents of a cluster</h3>", bars(rows, ["clusters"])]
    parts.append(fold("how likely a pair is looked at, by its similarity", bars(curve, ["chance"])))
    clusters = largest_clusters(folder, SHOWN)
    if clusters:
        parts.append("<h3>The largest clusters</h3>")
        parts += [_drawn(cluster, languages) for cluster in clusters]
    lead = (
        f"{facts['bins']} bins in {facts['bands']} bands of {facts['rows']} rows find pairs at "
        f"{facts['recall_at']:.2f} with a probability of {facts['recall']}. Of each cluster one "
        "document stays; the removed ones that are least like it are shown against it."
    )
    return section("Near-duplicates", *parts, lead=lead)


def _grouped(sizes: dict[int, int]) -> dict[str, tuple[int, int]]:
    """Clusters and documents by size: 2, 3, 4, then from each power of two to the next.

    >>> _grouped({2: 5, 5: 1, 8: 1, 100: 1})
    {'2': (5, 10), '5-8': (2, 13), '65-128': (1, 100)}
    """
    clusters: Counter[str] = Counter()
    documents: Counter[str] = Counter()
    for size, number in sorted(sizes.items()):
        power = (size - 1).bit_length()
        name = str(size) if size <= 4 else f"{2 ** (power - 1) + 1:,}-{2**power:,}"
        clusters[name] += number
        documents[name] += number * size
    return {name: (clusters[name], documents[name]) for name in clusters}


def _drawn(cluster: Cluster, languages: LanguageFilter) -> str:
    title = f"{cluster.size:,} documents, kept {cluster.id} ({cluster.lang}, {cluster.origin})"
    figures = (_figure(member) for member in cluster.members)
    return fold(title, *figures, classes=languages.row(cluster.lang))


def _figure(member: Member) -> str:
    tags = {"equal": "span", "removed": "del", "added": "ins"}
    text = "".join(f"<{tags[k]}>{escape(piece)}</{tags[k]}>" for k, piece in member.differences)
    caption = escape(f"{member.reason}: {member.id} ({member.origin})")
    return f'<figure><figcaption>{caption}</figcaption><pre dir="auto">{text}</pre></figure>'
