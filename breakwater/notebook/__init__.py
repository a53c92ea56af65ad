"""What a lesson imports: `shop`, the shop to break, and `predict`, which keeps a guess before a run.

Both are made when first asked for, so that importing the package costs nothing.
"""

from breakwater.notebook._predict import Predictions
from breakwater.notebook._shop import Shop

predict = Predictions()
shop = Shop()

__all__ = ["Predictions", "Shop", "predict", "shop"]
