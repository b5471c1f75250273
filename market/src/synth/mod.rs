//! A synthetic market in the Kaggle layout.
