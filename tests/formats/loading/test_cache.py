"""Shards of a store on a local disk: fetched once, checked, bounded, shared by processes."""

import hashlib
import multiprocessing
import os
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import fsspec
import pytest

from formats import TokenShards
from formats.loading import cache as cache_module
from formats.loading.cache import ShardCache
from formats.loading.errors import ShardError

BODIES = {f"file-{n}": bytes([n]) * 1000 for n in range(6)}
SHA256 = {name: hashlib.sha256(body).hexdigest() for name, body in BODIES.items()}


@pytest.fixture
def store():
    """A folder in memory with the files, as a URL."""
    url = f"memory://{uuid.uuid4().hex}"
    files = fsspec.filesystem("memory")
    for name, body in BODIES.items():
        files.pipe_file(f"{url}/{name}", body)
    yield url
    files.rm(url, recursive=True)


@pytest.fixture
def fetched(monkeypatch):
    """Names of the files that were opened in the store, in order."""
    names = []
    opened = cache_module.open_input

    def open_input(url):
        names.append(url.rpartition("/")[2])
        return opened(url)

    monkeypatch.setattr(cache_module, "open_input", open_input)
    return names


def read(cache, store, name):
    return cache.read(f"{store}/{name}", SHA256[name]).tobytes()


def held(cache):
    """Names of the files in the cache."""
    names = {sha256: name for name, sha256 in SHA256.items()}
    return sorted(names[path.stem] for path in cache.folder.glob("*.arrow"))


def test_a_file_is_fetched_once(tmp_path, store, fetched):
    cache = ShardCache(tmp_path, 10_000)
    assert read(cache, store, "file-0") == BODIES["file-0"]
    assert read(ShardCache(tmp_path, 10_000), store, "file-0") == BODIES["file-0"]
    assert fetched == ["file-0"]
    assert not list(tmp_path.glob("*.part"))


def test_the_least_recently_opened_is_removed(tmp_path, store):
    """Room for three of 1,000 bytes: reading file-0 again saves it from file-3's coming."""
    cache = ShardCache(tmp_path, 3000)
    for name in ("file-0", "file-1", "file-2"):
        read(cache, store, name)
        os.utime(cache.folder / f"{SHA256[name]}.arrow", (1, int(name[-1])))
    read(cache, store, "file-0")
    read(cache, store, "file-3")
    assert held(cache) == ["file-0", "file-2", "file-3"]


def test_a_file_that_is_read_outlives_its_removal(tmp_path, store):
    cache = ShardCache(tmp_path, 1000)
    first = cache.read(f"{store}/file-0", SHA256["file-0"])
    read(cache, store, "file-1")
    assert held(cache) == ["file-1"]
    assert first.tobytes() == BODIES["file-0"]


def test_a_file_that_does_not_fit(tmp_path, store):
    with pytest.raises(ShardError, match=r"file-0 has 1,000 bytes, and the cache .* may have 999"):
        read(ShardCache(tmp_path, 999), store, "file-0")


def test_a_file_that_arrives_damaged_is_fetched_again(tmp_path, store, monkeypatch):
    """The first time a byte is another one."""
    copy, tries = cache_module._copy, []

    def damaging(url, path):
        tries.append(url)
        found = copy(url, path)
        return "another" if len(tries) == 1 else found

    monkeypatch.setattr(cache_module, "_copy", damaging)
    assert read(ShardCache(tmp_path, 9000), store, "file-0") == BODIES["file-0"]
    assert len(tries) == 2


def test_a_file_that_is_damaged_in_the_store(tmp_path, store, fetched):
    fsspec.filesystem("memory").pipe_file(f"{store}/file-0", b"\0" * 999 + b"!")
    cache = ShardCache(tmp_path, 9000)
    with pytest.raises(ShardError, match=r"file-0 has sha256 .*, the manifest says .* 2 times"):
        read(cache, store, "file-0")
    assert fetched == ["file-0"] * 2
    assert held(cache) == [] and not list(tmp_path.glob("*.part"))


def test_a_connection_that_breaks_twice(tmp_path, store, monkeypatch):
    def broken(url):
        raise ConnectionResetError("by peer")

    monkeypatch.setattr(cache_module, "open_input", broken)
    with pytest.raises(ShardError, match=r"file-0: cannot be fetched: by peer"):
        read(ShardCache(tmp_path, 9000), store, "file-0")


def test_a_file_that_the_store_does_not_have(tmp_path, store):
    with pytest.raises(FileNotFoundError, match="the manifest names it"):
        ShardCache(tmp_path, 9000).read(f"{store}/none", "0" * 64)


def test_what_a_killed_process_left_is_removed(tmp_path, store):
    """Its part has no lock, so it does not count against the bound for ever."""
    (tmp_path / f"{'a' * 64}.part").write_bytes(b"x" * 2500)
    cache = ShardCache(tmp_path, 3000)
    for name in ("file-0", "file-1", "file-2"):
        read(cache, store, name)
    assert held(cache) == ["file-0", "file-1", "file-2"]
    assert not list(tmp_path.glob("*.part"))


def test_threads_fetch_a_file_once(tmp_path, store, fetched):
    with ThreadPoolExecutor(8) as pool:
        bodies = list(
            pool.map(lambda _: read(ShardCache(tmp_path, 9000), store, "file-0"), range(16))
        )
    assert bodies == [BODIES["file-0"]] * 16
    assert fetched == ["file-0"]


def test_a_file_waits_for_the_room_that_another_takes(tmp_path, store, monkeypatch):
    """Two at once would be 2,000 bytes; the second begins once the first is whole."""
    began, go_on = threading.Event(), threading.Event()
    copy = cache_module._copy

    def slow(url, path):
        if url.endswith("file-0"):
            began.set()
            assert go_on.wait(20)
        return copy(url, path)

    monkeypatch.setattr(cache_module, "_copy", slow)
    cache = ShardCache(tmp_path, 1500)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(read, cache, store, "file-0")
        assert began.wait(20)
        second = pool.submit(read, cache, store, "file-1")
        with pytest.raises(TimeoutError):
            second.result(timeout=0.2)
        assert [path.stem for path in tmp_path.glob("*.part")] == [SHA256["file-0"]]
        go_on.set()
        assert (first.result(), second.result()) == (BODIES["file-0"], BODIES["file-1"])
    assert held(cache) == ["file-1"]


def worker(folder, store, seed, problems):
    """Read all files again and again, in an order of its own, in a cache too small for them."""
    cache = ShardCache(folder, 2500)
    for number in range(60):
        name = f"file-{(number * (seed + 1) + seed) % 6}"
        body = cache.read(f"{store}/{name}", SHA256[name]).tobytes()
        if body != BODIES[name]:
            problems.put(name)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_processes_share_a_cache_that_is_too_small(tmp_path):
    """Each sees every file whole although the others keep removing them."""
    (tmp_path / "store").mkdir()
    for name, body in BODIES.items():
        (tmp_path / "store" / name).write_bytes(body)
    context = multiprocessing.get_context("fork")
    problems = context.Queue()
    workers = [
        context.Process(
            target=worker, args=(tmp_path / "cache", f"file://{tmp_path}/store", seed, problems)
        )
        for seed in range(4)
    ]
    for process in workers:
        process.start()
    for process in workers:
        process.join()
    assert [process.exitcode for process in workers] == [0] * 4
    assert problems.empty()
    sizes = [path.stat().st_size for path in (tmp_path / "cache").glob("*.arrow")]
    assert sum(sizes) <= 2500


@pytest.fixture
def remote(tmp_path, shards):
    """The small shards in a store, three files of them."""
    url = f"memory://{uuid.uuid4().hex}"
    files = fsspec.filesystem("memory")
    files.put(shards.path, url, recursive=True)
    yield url
    files.rm(url, recursive=True)


def test_a_loader_reads_a_store_through_the_cache(tmp_path, remote, shards, fetched):
    """The file after the one in use is there before its rows are asked for."""
    cache = ShardCache(tmp_path / "cache", 1 << 20)
    loader = TokenShards(remote, cache).loader(None, 8, 8)
    batches = iter(loader)
    found = [next(batches).first_row]
    cache._fetcher[1].shutdown(wait=True)  # what is under way ends
    assert fetched == ["shard-00000.arrow", "shard-00001.arrow"]
    cache._fetcher = None
    found += [batch.first_row for batch in batches]
    assert found == list(range(0, 122, 8))
    assert len(fetched) == 3
    local = [batch.input_ids.tolist() for batch in shards.loader(None, 8, 8)]
    assert [
        batch.input_ids.tolist() for batch in TokenShards(remote, cache).loader(None, 8, 8)
    ] == local


def test_other_bytes_in_the_store_stop_the_run(tmp_path, remote):
    files = fsspec.filesystem("memory")
    body = bytearray(files.cat_file(f"{remote}/pretrain/shard-00001.arrow"))
    body[-100] ^= 1
    files.pipe_file(f"{remote}/pretrain/shard-00001.arrow", bytes(body))
    shards = TokenShards(remote, ShardCache(tmp_path / "cache", 1 << 20))
    with pytest.raises(ShardError, match=r"pretrain/shard-00001.arrow has sha256"):
        list(shards.loader("pretrain", 8, 8))


def test_without_a_cache_a_file_is_read_whole(remote):
    rows = [batch.first_row for batch in TokenShards(remote).loader(None, 8, 8)]
    assert rows == list(range(0, 122, 8))
