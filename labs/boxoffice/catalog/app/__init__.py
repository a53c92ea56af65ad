"""The catalog: which events there are, where and when."""
