"""One published standard per module or folder: translate, never fetch or decide."""
