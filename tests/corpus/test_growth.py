"""Twice as large a corpus takes twice as many steps, whatever is repeated in it."""

import sys

from detector.corpus.documents import Document
from detector.corpus.ledger import Ledger
from detector.corpus.store import Store


def test_columns_cost_in_proportion(run, tmp_path):
    """Functions called for a table of nameless columns, beyond those of one with half as many."""

    def calls(n):
        source = tmp_path / f"{n}.csv"
        source.write_text("id,text" + "," * n + "\n" + "a,One" + ",x" * n + "\n")
        counted = 0

        def count(frame, event, argument):
            nonlocal counted
            counted += 1

        sys.setprofile(count)
        try:
            run(source, out=tmp_path / str(n))
        finally:
            sys.setprofile(None)
        return counted

    calls(10)  # what is imported once
    few, more, most = calls(300), calls(600), calls(1200)
    assert most - more <= 2.3 * (more - few)


def test_equal_texts_cost_in_proportion(tmp_path):
    """Steps of SQLite's machine from the first document to the last copy."""

    def steps(n):
        store = Store(tmp_path / str(n))
        store.folder.mkdir()
        (store.folder / "results").mkdir()
        counted = 0

        def count():
            nonlocal counted
            counted += 1

        part = store.folder / "results" / "part-a.parquet"
        with Ledger.opened(store, "run") as ledger:
            ledger._connection.set_progress_handler(count, 100)
            keys = []
            for at in range(n):
                admission, document = ledger.admit(Document(f"d{at}", None, "The same text."))
                assert admission == ("copy" if at else "new")
                keys.append(document.key)
            part.write_bytes(b"")
            ledger.record(part, keys[:1], failed=False)
            for begin in range(1, n, 200):
                part.with_name(f"part-{begin}.parquet").write_bytes(b"")
                for copy in list(ledger.copies())[:200]:
                    assert copy.part == "results/part-a.parquet"
                ledger.record(part.with_name(f"part-{begin}.parquet"), keys[begin : begin + 200], failed=False)
                if begin > 400:
                    break
        return counted

    assert steps(4000) < 2.5 * steps(2000)
