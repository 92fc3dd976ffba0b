"""What am I looking at? Three sentences and a source for each view."""

from __future__ import annotations

import streamlit as st

# By view: what it shows, how to read it, what it does not say; and who described it first.
TEXTS = {
    "through": (
        "Each row is what one layer makes of your digit, from the picture down to the ten scores, as it is computed "
        "and not as it is usually drawn. A bright blue place on a map says that its filter fits what lies there; the "
        "frame on the digit is all that this place can see. What a map answers to is not what it means: the network "
        "gave none of them a name.",
        "Zeiler and Fergus, “Visualizing and understanding convolutional networks” (2014)",
    ),
    "reasons": (
        "The digit in grey, and over it what speaks for an answer (blue) and against it (orange). Occlusion lays paper "
        "on it piece by piece and asks again; integrated gradients share out the score among the pixels; Grad-CAM asks "
        "the maps of the last convolution. Each answers a slightly different question, which is why they differ: where "
        "all agree, there is most to it.",
        "Zeiler and Fergus (2014); Sundararajan, Taly and Yan (2017); Selvaraju et al. (2017); the check with weights "
        "that know nothing: Adebayo et al., “Sanity checks for saliency maps” (2018)",
    ),
    "change": (
        "On the left the smallest change found that makes the model read another digit: pieces of strokes from a real "
        "digit of that kind, blue where ink is added, orange where it is taken away. On the right its adversarial "
        "twin: faint noise, made for this model alone, that does the same though no person would see another digit. "
        "The difference between the two is the lesson: the one is what makes the digits differ, the other only where "
        "this model errs.",
        "Goyal et al., “Counterfactual visual explanations” (2019); Goodfellow, Shlens and Szegedy, “Explaining and "
        "harnessing adversarial examples” (2015); Madry et al. (2018)",
    ),
    "among": (
        "Each dot is one of the 10,000 test digits, placed by what the last hidden layer makes of it: what the model "
        "sees as alike lies close together. Your digit stands where its own values put it; crosses are "
        "misread. Of t-SNE’s map only the neighborhoods count: how far two groups lie apart, and how large one is, "
        "says nothing; on the PCA map distances are true, but squeezed from many directions into two.",
        "van der Maaten and Hinton, “Visualizing data using t-SNE” (2008), computed by openTSNE (Poličar, Stražar and "
        "Zupan, 2024)",
    ),
    "learning": (
        "The weights of a run were kept on the way, densely at its beginning, where most happens, and ever more rarely "
        "later. Each state answers your digit anew; on the map, whose directions stay those of the last state, the "
        "same test digits are seen to part into groups. A filter that looks like noise at the end has not failed: "
        "what the layers behind it make of its answers counts.",
        "Zeiler and Fergus, “Visualizing and understanding convolutional networks” (2014), section 4.1",
    ),
    "break": (
        "The sliders change what the model sees, all 28 by 28 pixels of it, and it is asked anew each time. The curve "
        "shows its ten probabilities over the whole range of one slider, the others standing where they are; dashed "
        "lines mark where the answer flips, each found by halving the step. A flip says where this model loses this "
        "one digit, not where a person would.",
        "Hendrycks and Dietterich, “Benchmarking neural network robustness to common corruptions and perturbations” "
        "(2019)",
    ),
}


def show(view: str) -> None:
    """A fold with the text of a view."""
    text, source = TEXTS[view]
    with st.expander("What am I looking at?", icon=":material/help:"):
        st.markdown(text)
        st.caption(f"Source: {source}.")
