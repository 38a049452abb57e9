"""Reference rows, indicators and the combined score on embeddings of which everything is known."""

import numpy as np
import pytest

from detector.vocabulary.combined_score import false_discovery_rates, rank_tokens, suspects_in
from detector.vocabulary.embeddings import Embeddings
from detector.vocabulary.indicators import DISTANCES, Indicators, compute_indicators, first_principal_component
from detector.vocabulary.reference_rows import find_reference, given_reference
from detector.vocabulary.tokenizer_analysis import Category, analyse_tokenizer
from tests.vocabulary import tokenizers_made_here as made

WIDTH = 24
EXTRA = 800


@pytest.fixture(scope="module")
def analysis():
    """1,057 tokens: bytes, words that are their own merges, a special one; 13 bytes are impossible."""
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    merges = [(left, right) for left in letters for right in letters][:EXTRA]
    return analyse_tokenizer(made.byte_level(merges))


def tied(rows):
    rows = rows.astype(np.float32)
    return Embeddings(rows, rows, None, True, ("wte.weight",))


def untied(inputs, outputs, bias=None):
    inputs, outputs = inputs.astype(np.float32), outputs.astype(np.float32)
    return Embeddings(inputs, outputs, bias, False, ("wte.weight", "lm_head.weight"))


def rows_of_a_model(analysis, rng, unused=(), spread=0.05, extra_rows=0):
    """Gaussian rows about a common mean; the impossible bytes and ``unused`` lie close together elsewhere."""
    n = len(analysis) + extra_rows
    rows = rng.normal(size=(n, WIDTH)) + 2 * np.eye(WIDTH)[0]
    where = -6 * np.eye(WIDTH)[0] + 3 * np.eye(WIDTH)[1]
    gone = [*analysis.impossible_ids().tolist(), *unused, *range(len(analysis), n)]
    rows[gone] = where + spread * rng.normal(size=(len(gone), WIDTH))
    return rows


def test_the_reference_is_found_and_coherent(analysis):
    found = find_reference(tied(rows_of_a_model(analysis, np.random.default_rng(0))), analysis)
    assert found.refused is None
    assert found.ids.tolist() == analysis.impossible_ids().tolist()
    assert found.coherence > 0.99
    assert found.p_value == 1 / 200


def test_a_member_that_was_trained_is_dropped(analysis):
    rng = np.random.default_rng(1)
    rows = rows_of_a_model(analysis, rng)
    trained = int(analysis.impossible_ids()[4])
    rows[trained] = rng.normal(size=WIDTH) + 2 * np.eye(WIDTH)[0]
    found = find_reference(tied(rows), analysis)
    assert found.dropped.tolist() == [trained, *analysis.ids(Category.SPECIAL)]  # which was trained as well
    assert len(found) == 12


def test_rows_above_the_vocabulary_serve(analysis):
    rng = np.random.default_rng(2)
    rows = rows_of_a_model(analysis, rng, extra_rows=6)
    impossible = analysis.impossible_ids()
    rows[impossible] = rng.normal(size=(13, WIDTH)) + 2 * np.eye(WIDTH)[0]  # these were trained
    found = find_reference(tied(rows), analysis)
    assert found.source == "rows above the vocabulary"
    assert found.ids.tolist() == list(range(len(analysis), len(analysis) + 6))
    indicators = compute_indicators(tied(rows), analysis, found)
    assert len(indicators.values["cosine_distance"]) == len(analysis)
    assert rank_tokens(indicators, analysis, found, is_tied=True).indicators


def test_random_rows_have_no_reference(analysis):
    refused = [
        find_reference(tied(np.random.default_rng(seed).normal(size=(len(analysis), WIDTH))), analysis).refused
        for seed in range(5)
    ]
    assert all(reason and "they do not agree" in reason for reason in refused)


def test_nothing_known_to_be_unused_is_said():
    from tokenizers import Tokenizer, models

    found = analyse_tokenizer(Tokenizer(models.BPE(vocab={c: i for i, c in enumerate("abcdef")}, merges=[])))
    rows = np.random.default_rng(0).normal(size=(6, 4))
    reference = find_reference(tied(rows), found)
    assert "every token can come from a text" in reference.refused
    ranking = rank_tokens(compute_indicators(tied(rows), found, reference), found, reference, is_tied=True)
    assert len(ranking.order) == 0
    assert "--reference" in ranking.refused
    assert np.isnan(ranking.score).all()
    by_norm = untied(rows, rows[::-1])
    ranking = rank_tokens(compute_indicators(by_norm, found, reference), found, reference, is_tied=False)
    assert ranking.indicators == ("input_norm",)
    assert ranking.order[0] == np.linalg.norm(rows, axis=1).argmin()


def test_rows_that_the_user_names_must_agree_too(analysis):
    rows = rows_of_a_model(analysis, np.random.default_rng(3), unused=[700, 701, 702])
    assert given_reference(tied(rows), analysis, np.array([700, 701, 702])).refused is None
    assert "do not agree" in given_reference(tied(rows), analysis, np.array([300, 301, 302])).refused
    assert "at least 3" in given_reference(tied(rows), analysis, np.array([700])).refused


def test_distances_by_hand_and_leave_one_out(analysis):
    rng = np.random.default_rng(4)
    rows = rows_of_a_model(analysis, rng)
    embeddings = tied(rows)
    reference = find_reference(embeddings, analysis)
    found = compute_indicators(embeddings, analysis, reference)
    rows = embeddings.output.astype(np.float64)
    ordinary = np.arange(len(analysis))
    centre = np.median(rows[ordinary], axis=0)
    component = np.linalg.svd(rows[ordinary] - rows[ordinary].mean(axis=0))[2][0]

    def by_definition(token_id):
        members = [i for i in reference.ids if i != token_id]
        u, row = rows[members].mean(axis=0), rows[token_id]
        without = [x - (x @ component) * component for x in (row, u)]

        def cosine(a, b):
            return 1 - a @ b / np.linalg.norm(a) / np.linalg.norm(b)

        return [
            cosine(row, u),
            cosine(row - centre, u - centre),
            cosine(*without),
            np.linalg.norm(row - u),
            np.linalg.norm(without[0] - without[1]),
        ]

    for token_id in (3, 500, int(reference.ids[0]), int(reference.ids[5])):
        assert [found.values[name][token_id] for name in DISTANCES] == pytest.approx(by_definition(token_id), rel=1e-6)
    assert found.values["input_norm"][3] == pytest.approx(np.linalg.norm(rows[3]))


def test_distances_do_not_depend_on_where_the_rows_stand(analysis):
    """Softmax ignores a vector added to every row; so must the centred distances."""
    rows = rows_of_a_model(analysis, np.random.default_rng(5))
    moved = rows + np.random.default_rng(6).normal(size=WIDTH)
    first, second = (
        compute_indicators(tied(r), analysis, find_reference(tied(r), analysis)).values for r in (rows, moved)
    )
    for name in ("centred_cosine_distance", "euclidean_distance"):
        np.testing.assert_allclose(first[name], second[name], atol=1e-4)
    assert abs(first["cosine_distance"] - second["cosine_distance"]).max() > 0.01


def test_the_principal_component_is_that_of_a_full_decomposition():
    rows = (np.random.default_rng(7).normal(size=(300, 9)) * np.arange(1, 10)).astype(np.float32)
    expected = np.linalg.svd(rows - rows.mean(axis=0))[2][0]
    found = first_principal_component(rows, np.arange(300))
    assert abs(found @ expected) == pytest.approx(1, abs=1e-6)


def test_fewer_rows_than_tokens_leave_the_others_without_a_number(analysis):
    rows = rows_of_a_model(analysis, np.random.default_rng(8))[:900]
    reference = find_reference(tied(rows), analysis)
    ranking = rank_tokens(compute_indicators(tied(rows), analysis, reference), analysis, reference, is_tied=True)
    assert np.isnan(ranking.score[900:]).all()
    assert ranking.order.max() < 900


def suspects_of(ranking):
    return suspects_in(ranking.order, ranking.false_discovery_rate, ranking.at_floor, 0.1)


def test_untrained_tokens_come_first_and_the_floor_knows_them(analysis):
    unused = list(range(300, 340))
    rows = rows_of_a_model(analysis, np.random.default_rng(9), unused)
    reference = find_reference(tied(rows), analysis)
    ranking = rank_tokens(compute_indicators(tied(rows), analysis, reference), analysis, reference, is_tied=True)
    known = set(reference.ids.tolist()) | set(unused)
    assert set(ranking.order[: len(known)].tolist()) == known
    assert set(np.flatnonzero(ranking.at_floor).tolist()) == known
    special = analysis.ids(Category.SPECIAL)
    assert not np.isin(special, ranking.order).any()
    assert set(suspects_of(ranking).tolist()) >= known


def test_few_untrained_tokens_are_suspects_by_the_floor(analysis):
    rows = rows_of_a_model(analysis, np.random.default_rng(12), [300, 301])
    reference = find_reference(tied(rows), analysis)
    ranking = rank_tokens(compute_indicators(tied(rows), analysis, reference), analysis, reference, is_tied=True)
    assert ranking.false_discovery_rate[300] > 0.1  # so few can never have a rate as low as that
    assert np.setdiff1d(suspects_of(ranking), reference.ids).tolist() == [300, 301]


def test_small_norms_of_untied_inputs_take_part(analysis):
    rng = np.random.default_rng(10)
    outputs = rows_of_a_model(analysis, rng, [400, 401])
    inputs = rng.normal(size=outputs.shape)
    inputs[[*analysis.impossible_ids(), 400, 401]] *= 0.01
    embeddings = untied(inputs, outputs)
    reference = find_reference(embeddings, analysis)
    ranking = rank_tokens(compute_indicators(embeddings, analysis, reference), analysis, reference, is_tied=False)
    assert ranking.indicators[0] == "input_norm"
    inputs = rng.normal(size=outputs.shape)  # norms that know nothing
    embeddings = untied(inputs, outputs)
    ranking = rank_tokens(compute_indicators(embeddings, analysis, reference), analysis, reference, is_tied=False)
    assert "input_norm" not in ranking.indicators


def test_a_low_bias_takes_part(analysis):
    rng = np.random.default_rng(11)
    rows = rows_of_a_model(analysis, rng)
    bias = rng.normal(size=len(rows)).astype(np.float32)
    bias[analysis.impossible_ids()] = -9
    embeddings = untied(rng.normal(size=rows.shape), rows, bias)
    reference = find_reference(embeddings, analysis)
    found = compute_indicators(embeddings, analysis, reference)
    assert "output_bias" in rank_tokens(found, analysis, reference, is_tied=False).indicators


def test_an_indicator_that_finds_little_beside_the_best_is_left_out(analysis):
    rng = np.random.default_rng(13)
    reference = find_reference(tied(rows_of_a_model(analysis, rng)), analysis)
    size, known = len(analysis), reference.ids

    def finding(count):
        """An indicator in which so many tokens lie as low as the reference."""
        values, mirrored = rng.normal(size=size), rng.normal(size=size)
        values[[*known, *range(300, 300 + count)]] = -20 - rng.random(len(known) + count)
        return values, mirrored

    columns = {
        "cosine_distance": finding(100),
        "euclidean_distance": finding(60),
        "centred_cosine_distance": finding(40),
    }
    values, mirrored = ({name: both[side] for name, both in columns.items()} for side in (0, 1))
    norm = {"input_norm": rng.normal(size=size)}
    of_reference = {name: array[known] for name, array in values.items()}
    indicators = Indicators(values | norm, mirrored | norm, of_reference)
    ranking = rank_tokens(indicators, analysis, reference, is_tied=True)
    assert ranking.indicators == ("cosine_distance", "euclidean_distance")


def test_rates_by_hand():
    # At 7 three tokens and no mirrored row: 1/3. At 3 four and two: 3/4. At 1 five and two: 3/5, so 3 has 3/5 too.
    scores, decoys = np.array([9.0, 8, 7, 3, 1]), np.array([5.0, 4, 0, 0, 0])
    found = false_discovery_rates(scores, decoys, np.array([9.0, 7, 3, 1, 10]))
    assert found == pytest.approx([1 / 3, 1 / 3, 3 / 5, 3 / 5, 1 / 3])


def rate_and_truth(analysis, seed, n_unused):
    """Share of well-trained tokens among the suspects at 10 %, and how many suspects there are."""
    rng = np.random.default_rng(seed)
    ordinary = np.setdiff1d(analysis.ids(Category.OK, Category.PARTIAL_UTF8), analysis.impossible_ids())
    unused = rng.choice(ordinary, n_unused, replace=False)
    rows = rows_of_a_model(analysis, rng, unused, spread=0.05)
    # half of the unused saw a few steps of training: they lie on the way to the others
    part = unused[: n_unused // 2]
    rows[part] += rng.uniform(0, 0.9, size=(len(part), 1)) * (
        2 * np.eye(WIDTH)[0] + rng.normal(size=(len(part), WIDTH)) - rows[part]
    )
    reference = find_reference(tied(rows), analysis)
    ranking = rank_tokens(compute_indicators(tied(rows), analysis, reference), analysis, reference, is_tied=True)
    suspects = np.setdiff1d(suspects_of(ranking), reference.ids)
    return float(np.mean(~np.isin(suspects, unused))) if len(suspects) else 0.0, len(suspects)


@pytest.mark.parametrize("n_unused", [30, 150, 400])
def test_the_promised_rate_is_kept_on_simulated_models(analysis, n_unused):
    """Mean over models of the true share of false discoveries, with room for what 12 models leave to chance."""
    runs = [rate_and_truth(analysis, seed, n_unused) for seed in range(12)]
    assert np.mean([rate for rate, _ in runs]) <= 0.13
    assert np.mean([found for _, found in runs]) >= 0.5 * n_unused


def test_a_model_without_untrained_tokens_has_few_suspects(analysis):
    found = [rate_and_truth(analysis, seed, 0)[1] for seed in range(12)]
    assert np.mean([count > 0 for count in found]) <= 0.2


def test_special_tokens_kept_in_reserve_serve():
    rng = np.random.default_rng(3)
    reserved = made.byte_level([("a", "b"), ("c", "d"), *[(x, y) for x in "efgh" for y in "ijkl"]])
    reserved.add_special_tokens([f"<reserved_{i}>" for i in range(8)])
    analysis = analyse_tokenizer(reserved)
    special = analysis.ids(Category.SPECIAL)
    rows = rng.normal(size=(len(analysis), WIDTH)) + 2 * np.eye(WIDTH)[0]  # every byte was trained
    used, idle = special[:1], special[1:]
    rows[idle] = -6 * np.eye(WIDTH)[0] + 0.01 * rng.normal(size=(len(idle), WIDTH))
    found = find_reference(tied(rows), analysis)
    assert found.source == "special tokens that no text holds"
    assert found.ids.tolist() == idle.tolist()
    assert found.dropped.tolist() == used.tolist()
