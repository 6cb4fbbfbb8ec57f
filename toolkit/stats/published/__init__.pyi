from .printed import PrintedResult as PrintedResult
from .printed import published_comparison as published_comparison
