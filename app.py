"""The Tamis app: identity and navigation. Start it with `tamis app` or `streamlit run app.py`."""

import streamlit as st

from labeling.pages import PAGES, frame
from labeling.resources import icon

st.set_page_config(page_title="Tamis", page_icon=icon(), layout="wide")
st.logo(icon(), size="large")

page = st.navigation(PAGES)
with frame():
    page.run()
