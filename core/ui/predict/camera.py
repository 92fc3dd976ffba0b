"""Why a browser refuses the camera, and what works instead."""

from __future__ import annotations

import streamlit as st

# Browsers give a camera to pages that came over HTTPS or from the same machine, and say so to nobody.
CHECK = """
export default function ({ data, parentElement }) {
  if (window.isSecureContext) return;
  const sentence = document.createElement("p");
  sentence.setAttribute("role", "alert");
  sentence.style.margin = "0";
  sentence.textContent = data.refused;
  parentElement.replaceChildren(sentence);
  const style = document.createElement("style");
  style.textContent = '[data-testid="stCameraInput"] { display: none; }';
  document.head.append(style);
  return () => style.remove();
}
"""
REFUSED = (
    "There is no camera here, because this page was opened without HTTPS. Choose Files instead: there a phone offers "
    "to take a photo."
)


def explain_refusal() -> None:
    """Where the browser gives the page no camera, say why and what works, in place of a camera that never will."""
    show = st.components.v2.component("digit_lab_camera", js=CHECK)  # known to the running app alone
    show(key="check-camera", data={"refused": REFUSED})
