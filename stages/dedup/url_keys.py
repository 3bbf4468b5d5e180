"""Which URLs are one address: the key of ``exact_dedup`` by ``url``.

Two URLs have one key when they are the same after this, and nothing else:

* white space at both ends goes; ``http://``, ``https://`` and ``//`` go, other schemes stay;
* user and password, a leading ``www.``, a final dot and the ports 80 and 443 go from the host,
  which is compared in lower case and, where it is not ASCII, in its ASCII form (``xn--…``);
* percent-encodings of letters, digits, ``-._~`` and of bytes outside ASCII are decoded, all others
  are written in upper case (RFC 3986, 6.2.2);
* slashes at the end of the path go; the case of the path stays, ``.`` and ``..`` too;
* parameters of ``TRACKING`` go, ``&amp;`` is ``&``, the rest is sorted (up to 64 parameters);
* a fragment goes, unless it begins with ``#!`` (then it names a page).

``https://www.Example.org:443/a%7Eb/?utm_source=x&b=2&a=1#top`` is ``example.org/a~b?a=1&b=2``.
"""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from formats.buffers import text_buffers
from stages.urls.lists import ascii_host

TRACKING = (
    "utm_*", "mtm_*", "pk_campaign", "pk_kwd", "piwik_*", "matomo_*", "hsa_*", "_hsenc", "_hsmi",
    "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "_ga", "_gl", "fbclid", "fb_action_ids",
    "fb_action_types", "fb_source", "msclkid", "yclid", "ysclid", "_openstat", "twclid", "ttclid",
    "igshid", "igsh", "li_fat_id", "mc_cid", "mc_eid", "mkt_tok", "vero_id", "wickedid",
    "oly_anon_id", "oly_enc_id", "rb_clickid", "s_cid", "spm", "__s", "ref_src",
)  # fmt: skip
"""Query parameters that say where a reader came from and nothing about the page: those of Google,
Meta, Microsoft, Yandex, X, TikTok, LinkedIn, Matomo, HubSpot, Mailchimp, Marketo, Alibaba, as their
own documentation names them. ``*`` stands for any ending."""

_HOST = re.compile(r"^(\s*(?:[A-Za-z][A-Za-z0-9+.-]*:)?//)?([^/?#\\]*)")


def canonical(urls: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """The canonical form of each URL, empty for nulls.

    Args:
        urls: string [rows].

    Returns:
        uint8 [bytes]; int64 [rows + 1] offsets.
    """
    from stages.dedup.url_key_kernels import canonical_urls

    urls = _with_ascii_hosts(pc.cast(urls, pa.large_string()))
    wanted = pc.is_valid(urls).to_numpy(zero_copy_only=False)
    data, offsets = text_buffers(urls)
    names, name_offsets = text_buffers(pa.array(TRACKING, pa.large_string()))
    out = np.empty(int(offsets[-1] - offsets[0]) + 1, np.uint8)
    out_offsets = np.empty(len(offsets), np.int64)
    canonical_urls(data, offsets, wanted, names, name_offsets, out, out_offsets)
    return out, out_offsets


def _with_ascii_hosts(urls: pa.Array) -> pa.Array:
    """Hosts outside ASCII, or percent-encoded, in their ASCII form; they are few."""
    odd = pc.match_substring_regex(
        urls, r"^(\s*[A-Za-z][A-Za-z0-9+.-]*:)?//[^/?#]*[^\x00-\x24\x26-\x7f]"
    )
    rows = np.flatnonzero(pc.fill_null(odd, False).to_numpy(zero_copy_only=False))
    if len(rows) == 0:
        return urls
    spelled = pa.array(
        [_ascii_url(url) for url in urls.take(pa.array(rows)).to_pylist()], urls.type
    )
    mask = np.zeros(len(urls), np.bool_)
    mask[rows] = True
    return pc.replace_with_mask(urls, pa.array(mask), spelled)


def _ascii_url(url: str) -> str:
    """The URL with its host in ASCII; as it is where that cannot be."""
    from urllib.parse import unquote

    match = _HOST.match(url)
    if match is None:
        return url
    user, at, rest = match[2].rpartition("@")
    name, colon, port = rest.partition(":")
    try:
        name = ascii_host(unquote(name))
    except ValueError:
        return url
    return f"{match[1] or ''}{user}{at}{name}{colon}{port}{url[match.end() :]}"
