"""The Tamis app: identity and navigation. Start it with `tamis app` or `streamlit run app.py`."""

import streamlit as st

from labeling.pages import shell
from labeling.resources import icon

st.set_page_config(page_title="Tamis", page_icon=icon(), layout="wide")
st.logo(icon(), size="large")
shell.run()
