"""Files put to a URL and fetched from it, by fsspec."""

import pytest

fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed: pip install 'detect-text[scale]'")


def put(path, url):
    """A local file or folder, to a URL."""
    system, root = fsspec.core.url_to_fs(url)
    system.makedirs(root.rpartition("/")[0], exist_ok=True)
    system.put(str(path), root, recursive=True)


def files_at(url):
    system, root = fsspec.core.url_to_fs(url)
    return sorted(path.removeprefix(root).lstrip("/") for path in system.find(root))


def fetched(url, folder):
    """A local copy of what is at a URL."""
    system, root = fsspec.core.url_to_fs(url)
    for name in files_at(url):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        system.get_file(f"{root}/{name}", str(folder / name))
    return folder
