"""The features in words for people who do not know the formulas."""

from detector.verdict.features import REGISTER_FEATURES, SECOND_REGISTER_FEATURES

PLAIN_WORDS: dict[str, str] = {
    "mean_surprisal": "how surprising its words are on average",
    "mean_entropy": "how open the choice of the next word is",
    "mean_log_rank": "how far down the model's list of guesses its words stand",
    "curvature": "how likely its words are beside other words that would fit",
    "surprisal_per_log_rank": "how surprising its words are for their place in the model's list of guesses",
    "mean_gap_to_best": "how far its words are from the model's first guesses",
    "share_rank_1": "how often the model's first guess is right",
    "share_rank_10": "how often one of the model's first 10 guesses is right",
    "share_rank_100": "how often one of the model's first 100 guesses is right",
    "share_rank_over_1000": "how many words are beyond the model's first 1,000 guesses",
    "std_surprisal": "how unevenly surprising its words are",
    "skew_surprisal": "how far a few great surprises stand out",
    "kurtosis_surprisal": "how rare and how great its surprises are",
    "std_entropy": "how much the choice of the next word varies",
    "difference_1": "how much surprise changes from word to word",
    "difference_2": "how abruptly surprise rises and falls",
    "autocorrelation_1": "how often one surprise follows another",
    "autocorrelation_2": "how often one surprise follows another two words on",
    "entropy_surprisal_correlation": "how well the model knows beforehand where it will be surprised",
    "low_frequency_share": "how slowly surprise comes and goes",
    "excess_low_frequency_share": "how slowly surprise that the context does not explain comes and goes",
    "std_excess": "how far its surprises differ from what the model expects",
    "very_low_frequency_share": "how much surprise changes between sentences and paragraphs",
    "multiscale_diversity": "how varied the ups and downs of surprise are",
    "multiscale_diversity_spread": "how different the ups and downs of surprise look from near and from afar",
    "sentence_spread": "how much its sentences differ in surprise",
    "sentence_step": "how much surprise changes from one sentence to the next",
    "share_improbable": "how many very improbable words it has",
    "lowest_log_prob": "how improbable its least likely words are",
    "mean_run_rank_1": "how long its runs of expected words are",
    "mean_run_over_100": "how long its bursts of unexpected words are",
    "machine_gain": "how much better a model of machine text predicts it",
    "machine_gain_capped": "how many of its words a model of machine text predicts better",
    "voice_ratio": "how much it leans to machine or to human wording",
    "voice_ratio_capped": "how many of its words lean to machine or to human wording",
    "voice_ratio_spread": "how strongly single words lean to machine or to human wording",
    "voice_ratio_sentence_spread": "how much its sentences differ in their lean to machine or to human wording",
    "voice_ratio_standardised": "how steadily it leans to machine or to human wording",
    "lexical_score": "which words and pairs of words it uses",
    "probe_evidence": "what the model's inner states say of its author",
    "probe_sentence_spread": "how much what the model's inner states say varies from sentence to sentence",
    "probe_units": "what the model's inner states, taken together, say of its author",
    **{name: f"what kind of text it is, in direction {i}" for i, name in enumerate(REGISTER_FEATURES, start=1)},
    **{
        name: f"what kind of text it is by the second reading, in direction {i}"
        for i, name in enumerate(SECOND_REGISTER_FEATURES, start=1)
    },
}
"""What each feature is about, for people who do not know the formulas; each completes "what is unusual is ..."."""
