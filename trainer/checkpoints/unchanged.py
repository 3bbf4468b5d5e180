"""That shards stay what they were while a run reads them: asked before each checkpoint.

A checkpoint stands for the rows that were read before it. Where someone makes the shards anew in
the meantime, rows of two kinds have been read, and a checkpoint would hide it: it gets no name
then. The manifest is hashed each time; a local file of shards once, when rows of it were read, and
again where its size, time or inode changed. That is some 0.5 s a GB, in the thread that writes.
"""

from __future__ import annotations

import hashlib
import os

from formats.loading.order import RowOrder
from formats.manifest import MANIFEST, ManifestFile
from formats.storage import open_input
from trainer.checkpoints.files import sha256_of
from trainer.errors import ShardsError

REMEDY = (
    "What was learnt since the last checkpoint is not kept. Put the shards back (the same recipe "
    "makes the same bytes: python -m pipeline run RECIPE) and give the same command again, which "
    "goes on after that checkpoint; or train on the new ones, with another out=FOLDER, or with "
    "--fresh"
)


class ShardsWatch:
    """Compares what was read with what the manifest said at the beginning."""

    def __init__(
        self,
        path: str,
        order: RowOrder,
        manifest_sha256: str,
        rows_read: int,
        held_out: RowOrder | None = None,
    ) -> None:
        """Nothing is looked at yet.

        Args:
            path: folder of the shards.
            order: the rows that are trained on.
            manifest_sha256: of the manifest, when the run was begun or gone on with.
            rows_read: before that.
            held_out: rows that are evaluated; all their files count from the beginning.
        """
        self.path, self._manifest_sha256, self._rows_read = path, manifest_sha256, rows_read
        self._files: list[tuple[int, ManifestFile]] = []
        aside = held_out.shards.manifest.phases if held_out is not None else []
        self._aside = [file for phase in aside for file in phase.files]
        end = 0
        for phase in order.shards.manifest.phases:
            for file in phase.files:
                end += file.rows
                self._files.append((end, file))
        self._seen: dict[str, tuple[int, int, int]] = {}
        """Path -> size, time and inode, when its bytes were as they should be."""

    def check(self, rows_read: int) -> None:
        """That the manifest, and the files of the rows since the last time, are as they were.

        Raises:
            ShardsError: one is not.
        """
        where = f"{self.path.rstrip('/')}/{MANIFEST}"
        try:
            found = sha256_of_manifest(self.path)
        except OSError as error:
            raise ShardsError(f"{where}: is gone while the run reads it ({error}). {REMEDY}") from (
                error
            )
        if found != self._manifest_sha256:
            raise ShardsError(f"{where}: was changed while the run read its shards. {REMEDY}")
        if "://" not in self.path:
            for file in [*self._between(self._rows_read, rows_read), *self._aside]:
                self._check_file(file)
        self._rows_read = rows_read

    def _between(self, first: int, end: int) -> list[ManifestFile]:
        """Files with rows from ``first`` to before ``end``."""
        return [
            file
            for file_end, file in self._files
            if file_end > first and file_end - file.rows < end
        ]

    def _check_file(self, file: ManifestFile) -> None:
        path = os.path.join(self.path, file.path)
        try:
            status = os.stat(path)
            seen = (status.st_size, status.st_mtime_ns, status.st_ino)
            if self._seen.get(file.path) == seen:
                return
            found = sha256_of(path)
        except OSError as error:
            raise ShardsError(
                f"{path}: is gone while the run reads it ({error.strerror}). {REMEDY}"
            ) from error
        if found != file.sha256:
            raise ShardsError(
                f"{path}: is not the file that {MANIFEST} names: its sha256 is {found[:16]}…, and "
                f"should be {file.sha256[:16]}…. {REMEDY}"
            )
        self._seen[file.path] = seen


def sha256_of_manifest(path: str) -> str:
    """Of the manifest's bytes as they are now.

    Raises:
        OSError: it cannot be read.
    """
    with open_input(f"{path.rstrip('/')}/{MANIFEST}") as stream:
        return hashlib.sha256(stream.read()).hexdigest()
