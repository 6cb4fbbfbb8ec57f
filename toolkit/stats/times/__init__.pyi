from .anova import ReadingTimes as ReadingTimes
from .anova import compare_reading_times as compare_reading_times
from .model import ReadingTimeModel as ReadingTimeModel
from .model import reading_time_model as reading_time_model
